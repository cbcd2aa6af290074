/** Dark or light: as the system says, until somebody says otherwise. */
const KEY = 'horde-onnx-theme'

type Theme = 'dark' | 'light'

const system = matchMedia('(prefers-color-scheme: dark)')

const listeners: (() => void)[] = []

let chosen = quietly(() => localStorage.getItem(KEY))

/** Before anything is shown. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = currentTheme()
}

export function toggleTheme(): void {
  chosen = currentTheme() === 'dark' ? 'light' : 'dark'
  quietly(() => localStorage.setItem(KEY, currentTheme()))
  change()
}

/** What is drawn and not styled follows by this. */
export function onTheme(listener: () => void): void {
  listeners.push(listener)
}

system.addEventListener('change', change)

function currentTheme(): Theme {
  if (chosen === 'dark' || chosen === 'light') return chosen
  return system.matches ? 'dark' : 'light'
}

function change(): void {
  applyTheme()
  for (const listener of listeners) listener()
}

/** Pages read from a disk may have no storage: then the choice lasts as long as the page. */
function quietly<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
