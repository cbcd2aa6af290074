import type { Shortcut } from './keys.js'
import { MODES, NO_FILTER } from './link.js'
import type { Grid } from './overview/grid.js'
import type { Tabs } from './overview/tabs.js'
import type { Toolbar } from './overview/toolbar.js'
import type { Store } from './store.js'
import { MODE_NAMES } from './viewer/modes.js'
import type { Viewer } from './viewer/viewer.js'

interface Parts {
  store: Store
  tabs: Tabs
  toolbar: Toolbar
  grid: Grid
  viewer: Viewer
  toggleTheme(): void
  toggleHelp(): void
}

const SLIDE = 0.05
const PAN = 0.1

const DIRECTIONS: Readonly<Record<string, 'left' | 'right' | 'up' | 'down'>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}

/** Shares of a pane. */
const PANS: Readonly<Record<string, [number, number]>> = {
  ArrowLeft: [-PAN, 0],
  ArrowRight: [PAN, 0],
  ArrowUp: [0, -PAN],
  ArrowDown: [0, PAN],
}

export function shortcutsOf({ store, tabs, toolbar, grid, viewer, toggleTheme, toggleHelp }: Parts): Shortcut[] {
  const everywhere: Shortcut[] = [
    { place: 'everywhere', keys: ['?'], does: 'this help', run: toggleHelp },
    { place: 'grid', keys: ['t'], does: 'next part of the report', run: () => tabs.next() },
    { place: 'everywhere', keys: ['d'], does: 'dark or light', run: toggleTheme },
  ]
  const inGrid: Shortcut[] = [
    { place: 'grid', keys: ['/'], does: 'search', run: () => toolbar.focusSearch() },
    {
      place: 'grid',
      keys: ['Escape'],
      does: 'leave the search, then show all cases',
      run: () => {
        if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur()
        else store.update(NO_FILTER)
      },
    },
    {
      place: 'grid',
      keys: ['1', '2', '3', '4', '5', '6', '7'],
      does: 'verdict on or off, in the order of the buttons',
      run: key => toolbar.toggleOutcome(Number(key) - 1),
    },
    { place: 'grid', keys: ['f'], does: 'choose a feature', run: () => toolbar.focusFeature() },
    { place: 'grid', keys: ['s'], does: 'next order', run: () => toolbar.nextSort() },
    { place: 'grid', keys: ['g'], does: 'group by something else', run: () => toolbar.nextGrouping() },
    {
      place: 'grid',
      keys: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'],
      does: 'go among the cases',
      run: key => grid.step(DIRECTIONS[key] ?? 'right'),
    },
    { place: 'grid', keys: ['Home'], does: 'first case', run: () => grid.step('first') },
    { place: 'grid', keys: ['End'], does: 'last case', run: () => grid.step('last') },
    { place: 'grid', keys: ['Enter'], does: 'open the case' },
  ]
  const inViewer: Shortcut[] = [
    ...MODES.map(
      (mode, index): Shortcut => ({
        place: 'viewer',
        keys: [String(index + 1)],
        does: MODE_NAMES[mode].replace(/^[A-Z](?=[a-z])/, first => first.toLowerCase()),
        run: () => store.update({ mode }),
      }),
    ),
    { place: 'viewer', keys: ['j', ']'], does: 'next case', run: () => viewer.go(1) },
    { place: 'viewer', keys: ['k', '['], does: 'previous case', run: () => viewer.go(-1) },
    { place: 'viewer', keys: ['n'], does: 'next picture of the batch', run: () => viewer.nextPicture(1) },
    { place: 'viewer', keys: ['g'], does: 'golden or twin', run: () => viewer.otherReference() },
    { place: 'viewer', keys: ['w'], does: 'go to the worst block', run: () => viewer.worst() },
    { place: 'viewer', keys: ['+', '='], does: 'zoom in', run: () => viewer.zoom(2) },
    { place: 'viewer', keys: ['-'], does: 'zoom out', run: () => viewer.zoom(0.5) },
    { place: 'viewer', keys: ['0'], does: 'fit', run: () => viewer.fit() },
    { place: 'viewer', keys: ['z'], does: 'actual size', run: () => viewer.actualSize() },
    {
      place: 'viewer',
      keys: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'],
      does: 'look around',
      run: key => viewer.pan(...(PANS[key] ?? [0, 0])),
    },
    {
      place: 'viewer',
      keys: [',', '.'],
      does: 'move the slider, or blend the onion skin',
      run: key => viewer.slide(key === ',' ? -SLIDE : SLIDE),
    },
    { place: 'viewer', keys: [' '], does: 'blink: flip by hand', run: () => viewer.flip() },
    { place: 'viewer', keys: ['i'], does: 'show or hide the details', run: () => viewer.togglePanel() },
    // The dialog closes itself.
    { place: 'viewer', keys: ['Escape'], does: 'back to the cases' },
  ]
  return [...everywhere, ...inGrid, ...inViewer]
}
