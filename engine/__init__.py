"""Every rule of Steadyhand; knows nothing of HTTP. A module imports only from below itself here:

cli, demo          entry points: the command line, and a demonstration with people and incidents
worker             fires timers, delivers messages, does jobs; as many side by side as one likes
library/           versions of bundles, their checks and scenarios, the next one's draft, imports
intake             a report or signal comes in: recognise, deduplicate, open or update an incident
break_glass        an exception that one person asks for and another one grants
delegation         a task is given to somebody; partners gives a link to one task
attachments        files of an incident, or of a task of it
relations          incidents that belong together: parent and child, duplicates, what is related
references         what other systems know an incident's problem, change or asset by
participants       who leads an incident, and who follows it
tasks              the worklist: find, claim, release, complete
incidents          the incident itself: find, read, correct, trace
due_times          why a task is due when it is
health  upkeep     whether the installation works, and what of it needs somebody
security_log       what was refused, and to whom
signatures/        who decided what and meant it; checked later without us
instances/         running process instances: steps, messages, control by people, migration
service_clocks/    what was promised about an incident, followed and warned of
operations         what a diagram may do to its incident: the catalogue that service tasks call
people/            accounts, credentials, permissions
history            record(): one entry a change, in the change's own transaction
bundles            a bundle's diagrams, decisions and forms, read and ready to run
forms              form schema -> what to ask, and which answers are right
bpmn/              the only part that knows SpiffWorkflow: read, lint, compile, run, snapshot
dmn/               decisions: compiled once, evaluated with which rules matched
feel/              the expression language of diagrams and decisions
outbox             what is to be done outside, written with the change that wants it, sent later
jobs/              work after the commit, at least once: Procrastinate on both databases
idempotency        the answer to a request that may come again
store/             tables and their words for the search, migrations, copies, and the only commit
actors             who acts: an identity with its roles
separation         what one person may not do together
duties/            legal duties: regimes, the deadlines that they set, and why
clocks/            working calendars: when working time has passed, and why then
footprints         which flows are taken and which rules match, while a test counts
media_types/       what a file is, by its bytes; antivirus asks a scanner about it
outbound           requests to other systems: whom we may ask, and how
manifests          the tables of bundle.toml, and what may stand in them
identifiers  plain_text  base64url  settings  clock  safe_xml  errors
"""
