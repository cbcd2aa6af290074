/** What an engine asks of its lanes. */
import type { Fault } from '../../errors.js'
import type { EngineEnvironment, LaneOptions, LaneResult, LaneTask } from '../../lane/protocol.js'
import type { EngineEvent } from '../types.js'
import type { LanesStats } from './counters.js'

export interface LanesOptions {
  lane: LaneOptions
  /** Entry of the lanes' processes. @default the lane's */
  entry?: string
  count: number
  /** Jobs that a lane has at most. */
  inFlight: number
  /** How often a job may be in a lane that dies before it runs alone. */
  retries: number
  /** Milliseconds that any stretch of work may take, however small. */
  hangMs: number
  /** Bytes beyond what its networks account for at which a lane is replaced. */
  recycleBytes: number
}

export type LaneOutcome = { retries: number; lane?: number } & (
  | { state: 'done'; result: LaneResult }
  | { state: 'fault'; fault: Fault }
  | { state: 'cancelled' }
)

export interface LaneRun {
  task: LaneTask
  /** On the clock of `performance.now()`. */
  deadline?: number
  onEvent(event: EngineEvent): void
}

export interface Lanes {
  run(run: LaneRun): Promise<LaneOutcome>
  cancel(id: string, mode: 'soft' | 'hard'): void
  environment(): Promise<EngineEnvironment>
  /** Starts the first lane where none runs, so that it is there when a job that is being planned arrives. */
  warm(): void
  stats(): LanesStats
  /** Releases the networks that no job uses. */
  release(): void
  /** Ends the processes once their jobs are done. */
  close(): Promise<void>
}
