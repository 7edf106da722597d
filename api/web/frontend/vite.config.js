// Builds the islands into the folder that Flask serves; build.py runs this with a pinned Node.
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/static/dist/',
  build: {
    outDir: '../static/dist',
    emptyOutDir: true,
    manifest: true,
    // The licences of what is bundled ask to travel with it.
    license: { fileName: 'licenses.md' },
    // The modeler is one large lazy chunk, by nature.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: 'src/main.js' },
  },
});
