/** The page of a report: reads the run it carries, and shows it. */
import { DATA_ID, type PageData } from '../page-data.js'
import { h } from './dom.js'
import { entriesOf, groupBy, select } from './entries.js'
import { featureSection } from './features/features.js'
import { icon } from './icons.js'
import { createHelp, listenForKeys } from './keys.js'
import { NO_FILTER, type PageState } from './link.js'
import { createGrid } from './overview/grid.js'
import { header } from './overview/header.js'
import { createTabs } from './overview/tabs.js'
import { createToolbar } from './overview/toolbar.js'
import { shortcutsOf } from './shortcuts.js'
import { speedSection } from './speed/speed.js'
import { stabilitySection } from './stability/stability.js'
import { createStore } from './store.js'
import { applyTheme, toggleTheme } from './theme.js'
import { createViewer } from './viewer/viewer.js'

applyTheme()
// The renderer wrote this block from a run that it had validated.
const data = JSON.parse(document.getElementById(DATA_ID)?.textContent ?? '') as PageData
const entries = entriesOf(data)
const byId = new Map(entries.map(entry => [entry.id, entry]))
const { run, summary } = data
const store = createStore()
let shown = select(entries, store.state)

const toolbar = createToolbar(store, summary, entries)
const grid = createGrid(id => store.update({ open: id, picture: 0, view: undefined }, { step: true }))
const viewer = createViewer({
  store,
  find: id => byId.get(id),
  shown: () => shown,
  onClose: id => grid.focus(id),
  onHelp: () => help.toggle(),
})
const others = [
  featureSection(run, feature => store.update({ ...NO_FILTER, tab: 'cases', feature }, { step: true })),
  stabilitySection(run),
  speedSection(run),
].filter(section => section !== undefined)
const sections = [
  {
    tab: 'cases' as const,
    title: 'Cases',
    count: String(summary.cases),
    element: h('div', {}, toolbar.element, grid.element),
  },
  ...others,
].filter(({ tab }) => tab !== 'cases' || entries.length > 0 || others.length === 0)
const tabs = createTabs(sections, tab => store.update({ tab }, { step: true }))
const shortcuts = shortcutsOf({ store, tabs, toolbar, grid, viewer, toggleTheme, toggleHelp: () => help.toggle() })
const help = createHelp(shortcuts)
listenForKeys(shortcuts, () => {
  if (help.isOpen()) return 'everywhere'
  return store.state.open === undefined ? 'grid' : 'viewer'
})

document.body.prepend(
  h(
    'nav',
    { class: 'top', 'aria-label': 'Page' },
    h('span', { class: 'brand' }, 'horde-onnx', h('small', {}, ' report')),
    h('span', { class: 'space' }),
    h('button', { class: 'icon', 'aria-label': 'Dark or light', onclick: toggleTheme }, icon('theme')),
    h('button', { class: 'icon', 'aria-label': 'Keyboard help', onclick: () => help.toggle() }, icon('help')),
  ),
  h('main', {}, header(data), tabs.element),
)

function render(state: PageState, before?: PageState) {
  const filtersChanged =
    before === undefined ||
    (['query', 'outcomes', 'feature', 'gate', 'cause', 'group', 'sort'] as const).some(
      name => String(state[name]) !== String(before[name]),
    )
  if (filtersChanged) {
    shown = select(entries, state)
    toolbar.show(state, shown.length)
    grid.show(groupBy(shown, state.group))
  }
  tabs.show(state)
  viewer.show(state, before)
}

store.subscribe(render)
render(store.state)
