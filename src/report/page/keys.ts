/** Every key of the page in one table: it is what runs and what the help shows. */
import { fill, h } from './dom.js'
import { icon } from './icons.js'

export type Place = 'everywhere' | 'grid' | 'viewer'

export interface Shortcut {
  place: Place
  /** As `KeyboardEvent.key` names them. */
  keys: readonly string[]
  /** What it does, for the help. */
  does: string
  /** Left out where the browser does it by itself. */
  run?(key: string): void
}

const PLACES: Record<Place, string> = { everywhere: 'Everywhere', grid: 'Among the cases', viewer: 'In the viewer' }

const KEY_NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  ' ': 'Space',
}

/** Keys that controls need for themselves while they have the focus. */
const OWN_KEYS: Readonly<Record<string, (key: string) => boolean>> = {
  text: key => key !== 'Escape',
  range: key => key.startsWith('Arrow') || ['Home', 'End', 'PageUp', 'PageDown'].includes(key),
  select: key => key !== 'Escape' && key !== '?',
  button: key => key === ' ' || key === 'Enter',
}

/** `place` tells where the keys go now: in the help only those work that work everywhere. */
export function listenForKeys(shortcuts: readonly Shortcut[], place: () => Place): void {
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (OWN_KEYS[controlOf(event.target)]?.(event.key)) return
    const here = place()
    const shortcut = shortcuts.find(
      ({ keys, place }) => (place === 'everywhere' || place === here) && keys.includes(event.key),
    )
    if (shortcut?.run === undefined) return
    event.preventDefault()
    shortcut.run(event.key)
  })
}

function controlOf(target: EventTarget | null): string {
  if (target instanceof HTMLInputElement) return target.type === 'range' ? 'range' : 'text'
  if (target instanceof HTMLSelectElement) return 'select'
  if (target instanceof HTMLButtonElement || (target instanceof HTMLElement && target.tagName === 'SUMMARY'))
    return 'button'
  return ''
}

/** The dialog that `?` opens. */
export function createHelp(shortcuts: readonly Shortcut[]): { toggle(): void; isOpen(): boolean } {
  const dialog = h('dialog', { class: 'help', 'aria-labelledby': 'help-title' })
  const close = h('button', { class: 'icon', 'aria-label': 'Close help', onclick: () => dialog.close() }, icon('close'))
  fill(
    dialog,
    h('header', {}, h('h2', { id: 'help-title', tabindex: '-1', autofocus: true }, 'Keyboard'), close),
    ...Object.entries(PLACES).map(([place, title]) =>
      h(
        'section',
        { class: `${place}-keys` },
        h('h3', {}, title),
        h(
          'dl',
          {},
          ...shortcuts
            .filter(shortcut => shortcut.place === place)
            .flatMap(({ keys, does }) => [
              h('dt', {}, ...keys.map(key => h('kbd', {}, KEY_NAMES[key] ?? key))),
              h('dd', {}, does),
            ]),
        ),
      ),
    ),
  )
  document.body.append(dialog)
  return {
    isOpen: () => dialog.open,
    toggle() {
      if (dialog.open) dialog.close()
      else dialog.showModal()
    },
  }
}
