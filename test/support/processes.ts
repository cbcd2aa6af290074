import { execaSync } from 'execa'

/** Process ids of the lanes of a process. */
export function lanesOf(parent: number): number[] {
  const { stdout } = execaSync('pgrep', ['-P', String(parent), '-f', 'lane/main'], { reject: false })
  return stdout.split('\n').filter(Boolean).map(Number)
}

/** Waits until something is so. */
export async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not so within ${withinMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** Waits until a process says something. What it says later is read, too: a closed pipe would kill it. */
export function heard(stream: NodeJS.ReadableStream, words: string): Promise<void> {
  return new Promise(resolve => {
    stream.on('data', text => {
      if (String(text).includes(words)) resolve()
    })
  })
}
