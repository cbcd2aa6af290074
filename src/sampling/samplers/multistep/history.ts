/** The last few entries of something, the newest first. */
export function remember<Entry>(history: readonly Entry[], newest: Entry, most: number): Entry[] {
  return [newest, ...history.slice(0, most - 1)]
}
