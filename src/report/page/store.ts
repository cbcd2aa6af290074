import { formatLink, type PageState, parseLink } from './link.js'

/** The page's state, kept in step with its address. */
export interface Store {
  readonly state: PageState
  /** `step` makes a step of the browser's history of it: the back button leads here again. */
  update(change: Partial<PageState>, options?: { step?: boolean }): void
  subscribe(listener: (state: PageState, before: PageState) => void): void
}

/** Addresses change at most this often; browsers refuse pages that change them at every move of the pointer. */
const SETTLE_MS = 200

export function createStore(): Store {
  let state = parseLink(location.hash)
  let settle: number | undefined
  const listeners: ((state: PageState, before: PageState) => void)[] = []
  const become = (next: PageState) => {
    const before = state
    state = next
    for (const listener of listeners) listener(state, before)
  }
  const settleNow = () => {
    clearTimeout(settle)
    settle = undefined
    if (formatLink(state) !== (location.hash || '#')) history.replaceState(null, '', formatLink(state))
  }
  addEventListener('popstate', () => {
    clearTimeout(settle)
    become(parseLink(location.hash))
  })
  return {
    get state() {
      return state
    },
    update(change, { step = false } = {}) {
      if (step) {
        settleNow()
        history.pushState(null, '', formatLink({ ...state, ...change }))
      } else {
        clearTimeout(settle)
        settle = setTimeout(settleNow, SETTLE_MS)
      }
      become({ ...state, ...change })
    },
    subscribe(listener) {
      listeners.push(listener)
    },
  }
}
