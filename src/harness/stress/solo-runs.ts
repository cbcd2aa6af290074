/** What every job is alone: one after the other, in an engine that shares nothing between jobs. */
import type { Engine } from '../../engine/types.js'
import type { Solo } from './judge.js'
import type { Schedule } from './schedule.js'

export async function soloRuns(
  engine: Engine,
  schedules: readonly Schedule[],
  onDone: (done: number, total: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Map<string, Solo>> {
  const requests = new Map(
    schedules.flatMap(({ jobs, entries }) => {
      const named = new Set(entries.flatMap(entry => ('job' in entry ? [entry.job] : [])))
      return Object.entries(jobs).filter(([name]) => named.has(name))
    }),
  )
  const solos = new Map<string, Solo>()
  for (const [name, request] of requests) {
    if (signal?.aborted) break
    const { state, images, faults, fingerprints } = await engine.generate(request, { id: `solo-${name}` })
    // The files are not needed, and there may be many.
    solos.set(name, {
      state,
      images: images.map(image => ({ ...image, file: new Uint8Array() })),
      faults,
      fingerprints,
    })
    onDone(solos.size, requests.size)
  }
  return solos
}
