// The one script of every page: finds the islands and loads the code that each needs.
import './styles/main.css';
import { readProps, showProblem } from './island.js';

const ISLANDS = {
  viewer: () => import('./islands/viewer.js'),
  modeler: () => import('./islands/modeler.js'),
  answers: () => import('./islands/answers.js'),
  passkey: () => import('./islands/passkey.js'),
};

async function mount(island) {
  island.dataset.loading = '';
  try {
    const { start } = await ISLANDS[island.dataset.island]();
    await start(island, readProps(island));
    island.dataset.ready = '';
  } catch (error) {
    console.warn(error);
    showProblem(island, `The diagram could not be shown. ${error.message}`);
  } finally {
    delete island.dataset.loading;
  }
}

document.querySelectorAll('[data-island]').forEach(mount);
