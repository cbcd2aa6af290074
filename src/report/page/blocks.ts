/** The inert blocks in which the page carries what is only needed later. */

/** How often a block that the browser has not reached yet is looked for. */
const RETRY_MS = 50

/** A block, once the browser has read that far; undefined where the page has none of this name. */
export async function findBlock(id: string): Promise<HTMLElement | undefined> {
  for (;;) {
    const stillReading = document.readyState === 'loading'
    const block = document.getElementById(id)
    // While the page is being read, a block may be there with half of its text; its successor proves it whole.
    if (block && (!stillReading || block.nextElementSibling)) return block
    if (!stillReading) return undefined
    await new Promise(resolve => setTimeout(resolve, RETRY_MS))
  }
}
