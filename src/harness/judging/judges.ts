/** Judging on every core: pictures that differ are measured by worker threads, the rest is decided at once. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { JudgedCase } from '../gates/judge.js'
import type { Limits } from '../gates/limits.js'
import { judgeVariants } from '../golden/judge-variants.js'
import type { AcceptedVariant } from '../goldens.js'
import type { CaseVerdict } from '../run-schema.js'

export interface JudgeTask {
  candidate: JudgedCase
  accepted: readonly AcceptedVariant[]
  limits: Limits
}

export interface JudgeAnswer {
  verdict: CaseVerdict
  /** Index of the variant that gave it. */
  variant?: number
}

export interface Judges {
  judge(task: JudgeTask): Promise<JudgeAnswer>
  close(): Promise<void>
}

/** What is said to a worker, and what it says. */
export type ToJudge = { number: number; task: JudgeTask }
export type FromJudge = { number: number } & ({ answer: JudgeAnswer } | { error: unknown })

/** Tasks up to which starting a worker costs more than it saves. */
const FEW = 8

const ENTRY = fileURLToPath(new URL('./judge-worker.js', import.meta.url))

/** Threads start with the first task that needs one; `tasks` says how many are to be expected. */
export function createJudges(tasks: number): Judges {
  const most = tasks <= FEW || import.meta.url.endsWith('.ts') ? 0 : Math.min(availableParallelism(), 16)
  const workers: JudgeWorker[] = []
  return {
    async judge(task) {
      if (most === 0 || !hasToBeMeasured(task)) return judgeHere(task)
      const free = workers.find(({ waiting }) => waiting === 0)
      const worker = free ?? (workers.length < most ? startJudge() : leastBusy(workers))
      if (!workers.includes(worker)) workers.push(worker)
      return worker.judge(task)
    },
    async close() {
      await Promise.all(workers.map(worker => worker.close()))
    },
  }
}

/** The verdict, and which variant gave it. */
export function judgeHere({ candidate, accepted, limits }: JudgeTask): JudgeAnswer {
  const { verdict, golden } = judgeVariants(candidate, accepted, limits)
  const variant = accepted.findIndex(each => each.golden === golden)
  return variant < 0 ? { verdict } : { verdict, variant }
}

/** Identical pictures are judged by their hashes. */
function hasToBeMeasured({ candidate, accepted }: JudgeTask): boolean {
  const { images } = candidate.result
  return accepted.some(({ golden }) => golden.images.some(({ sha256 }, i) => images[i]?.sha256 !== sha256))
}

interface JudgeWorker {
  /** Tasks that it has and has not answered. */
  readonly waiting: number
  judge(task: JudgeTask): Promise<JudgeAnswer>
  close(): Promise<void>
}

function startJudge(): JudgeWorker {
  const worker = new Worker(ENTRY)
  const open = new Map<number, PromiseWithResolvers<JudgeAnswer>>()
  let number = 0
  const failAll = (error: unknown) => {
    for (const { reject } of open.values()) reject(error)
    open.clear()
  }
  worker.on('message', (message: FromJudge) => {
    const task = open.get(message.number)
    open.delete(message.number)
    if ('answer' in message) task?.resolve(message.answer)
    else task?.reject(message.error)
  })
  worker.on('error', failAll)
  worker.on('exit', code => failAll(new Error(`a thread that judges ended with code ${code}`)))
  return {
    get waiting() {
      return open.size
    },
    judge(task) {
      const own = withResolvers<JudgeAnswer>()
      open.set(number, own)
      const message: ToJudge = { number: number++, task }
      worker.postMessage(message)
      return own.promise
    },
    async close() {
      await worker.terminate()
    },
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

/** `Promise.withResolvers` of Node 22. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

function leastBusy(workers: readonly JudgeWorker[]): JudgeWorker {
  return workers.reduce((a, b) => (b.waiting < a.waiting ? b : a))
}
