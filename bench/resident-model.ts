/** A model without a lane: its networks are resident, whoever asks is served at once. */
import { createBudget } from '../src/lane/memory/budget.js'
import { createNetworkPool } from '../src/lane/memory/pool.js'
import { type LaneModel, openLaneModel } from '../src/lane/model.js'
import type { LaneTask } from '../src/lane/protocol.js'
import { openCheckpoint } from '../src/models/checkpoint.js'

export async function residentModel(
  task: Pick<LaneTask, 'plan' | 'file'>,
  threads: number,
): Promise<LaneModel & { release(): Promise<void> }> {
  const pool = createNetworkPool(createBudget({ bytes: 0 }))
  const model = openLaneModel(task, {
    checkpoint: await openCheckpoint(task.file),
    identity: task.file,
    networks: {
      use(spec, load) {
        const session = pool.use(pool, spec, load)
        pool.done(pool)
        return session
      },
      turn: work => work(),
    },
    device: { provider: 'cpu', index: 0, name: '' },
    dtype: 'fp32',
    threads,
    clock: { inside: 0 },
    emit() {},
  })
  return { ...model, release: pool.release }
}
