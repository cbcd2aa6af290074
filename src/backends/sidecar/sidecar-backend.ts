/** Any program that speaks the sidecar protocol, as a backend. It is started with the first call and again when it dies. */
import { execa } from 'execa'
import { generationHandle } from '../../engine/generation-handle.js'
import type { EngineEvent, Generation, Stages } from '../../engine/types.js'
import { BackendError, faultOf } from '../../errors.js'
import type { Backend } from '../backend.js'
import { drawnImage } from '../drawn-image.js'
import { faultedGeneration, NO_TIMINGS } from '../faulted.js'
import { isPlan } from '../is-plan.js'
import { type FromSidecar, fromSidecarSchema, type Hello, type SidecarResult, type ToSidecar } from './protocol.js'

export interface SidecarOptions {
  /** Program and arguments. */
  command: readonly string[]
  /** Milliseconds until it has said hello. @default 120000 */
  startMs?: number
  /** Milliseconds that it may stay silent over a job. @default 600000 */
  silentMs?: number
  /** How often a job may be in a sidecar that dies. @default 1 */
  retries?: number
  env?: Readonly<Record<string, string>>
}

export interface SidecarBackend extends Backend {
  /** Process id while it runs. */
  pid(): number | undefined
}

function spawn(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa(program, args, { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe', buffer: false, reject: false, env })
}

type Spawned = ReturnType<typeof spawn>

interface Job {
  payload: string
  want: { plan: true; gates: boolean }
  deaths: number
  since: number
  emit(event: EngineEvent): void
  settle(generation: Promise<Generation> | Generation): void
}

/** How much of what the sidecar says on its standard error is repeated when it dies. */
const LAST_WORDS = 2000

/** A picture of 3072×3072 has 40 MB in base64 at most; a line that is longer is no answer. */
const MAX_LINE = 256 * 1024 * 1024

export function sidecarBackend(options: SidecarOptions): SidecarBackend {
  const { command, startMs = 120_000, silentMs = 600_000, retries = 1 } = options
  const [program = '', ...args] = command
  const shown = command.join(' ')
  const jobs = new Map<string, Job>()
  let child: Spawned | undefined
  let hello: Promise<Hello> | undefined
  let closing = false

  function start(): Promise<Hello> {
    const started = spawn(program, args, options.env)
    child = started
    let lastWords = ''
    started.stderr?.on('data', (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString('utf8')).slice(-LAST_WORDS)
    })
    // A sidecar that dies while it is being written to is noticed by its exit.
    started.stdin?.on('error', () => {})
    const greeted = new Promise<Hello>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new BackendError(`the sidecar "${shown}" said nothing for ${Math.round(startMs / 1000)} s`, {
            hint: 'it must print its hello line first; see docs/backends.md',
          }),
        )
        started.kill('SIGKILL')
      }, startMs)
      listen(started, message => {
        if (message instanceof Error) {
          reject(message)
          lastWords = message.message
          started.kill('SIGKILL')
        } else if (message.type === 'hello') {
          clearTimeout(timer)
          resolve(message)
        } else hear(message)
      })
      void started.then(({ exitCode, signal, originalMessage }) => {
        clearTimeout(timer)
        const how = signal
          ? `was ended by ${signal}`
          : exitCode === undefined
            ? (originalMessage ?? 'could not be started')
            : `ended with code ${exitCode}`
        const error = new BackendError(`the sidecar "${shown}" ${how}`, {
          hint:
            lastWords.trim() === ''
              ? 'run the command by hand to see why'
              : lastWords.trim().split('\n').slice(-5).join('\n  '),
        })
        reject(error)
        bury(started, error)
      })
    })
    greeted.catch(() => {})
    hello = greeted
    for (const [id, { payload, want }] of jobs) send({ type: 'generate', id, payload, want })
    return greeted
  }

  function send(message: ToSidecar): void {
    child?.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  function hear(message: Exclude<FromSidecar, Hello>): void {
    const job = jobs.get(message.id)
    if (job === undefined) return
    job.since = performance.now()
    switch (message.type) {
      case 'step':
        job.emit({ type: 'step', step: message.step, steps: message.steps, pass: 1, passes: 1 })
        break
      case 'result':
        job.settle(generationOf(message, job.deaths))
        break
      case 'cancelled':
        job.settle({ ...faultedGeneration(message.id, undefined), state: 'cancelled', faults: [] })
        break
      case 'fault': {
        const { code, message: text, hint } = message
        const fault = { code, message: text, ...(hint === undefined ? {} : { hint }) }
        job.settle({ ...faultedGeneration(message.id, undefined), faults: [fault], retries: job.deaths })
        break
      }
    }
  }

  /** Jobs that were in it run again in a new one. */
  function bury(dead: Spawned, error: BackendError): void {
    if (dead !== child) return
    child = undefined
    hello = undefined
    for (const [id, job] of jobs) {
      job.deaths++
      if (job.deaths > retries || closing) job.settle({ ...faultedGeneration(id, error), retries: job.deaths - 1 })
      else job.emit({ type: 'restarted', reason: error.message })
    }
    if (jobs.size > 0) start()
  }

  const watchdog = setInterval(() => {
    const stuck = [...jobs.values()].some(({ since }) => performance.now() - since > silentMs)
    if (stuck) child?.kill('SIGKILL')
  }, 1000)
  watchdog.unref()

  const greet = () => hello ?? start()

  return {
    pid: () => child?.pid,
    async describe() {
      const { name, version, commit, can, samplers } = await greet()
      return {
        name,
        version,
        can,
        timings: 'phases',
        ...(commit === undefined ? {} : { commit }),
        ...(samplers === undefined ? {} : { samplers }),
      }
    },
    async environment() {
      const { environment, name } = await greet()
      const { runtime, ...rest } = environment
      const found = { ...rest, ort: runtime, providers: [rest.provider] }
      // What runs on ONNX Runtime here is judged as the engine is; anything else is a class of its own.
      if (/^\d/u.test(runtime)) return found
      const machine = { isa: 'unknown', node: process.versions.node, platform: process.platform, memoryBytes: 0 }
      const parts = [name, rest.provider, rest.dtype, runtime]
      return { ...found, elsewhere: { class: parts.join('-').replace(/[^\w.+-]/gu, '_'), ...machine } }
    },
    generate(payload, { id, signal, keep }) {
      const want = { plan: true, gates: keep?.gates === true } as const
      const cancel = () => send({ type: 'cancel', id })
      signal?.addEventListener('abort', cancel, { once: true })
      return generationHandle(id, cancel, async emit => {
        try {
          return await new Promise<Generation>(resolve => {
            jobs.set(id, {
              payload,
              want,
              deaths: 0,
              since: performance.now(),
              emit,
              settle(generation) {
                jobs.delete(id)
                resolve(generation)
              },
            })
            if (child === undefined) start()
            else send({ type: 'generate', id, payload, want })
          })
        } catch (error) {
          return faultedGeneration(id, error)
        } finally {
          signal?.removeEventListener('abort', cancel)
        }
      })
    },
    async close() {
      closing = true
      clearInterval(watchdog)
      const ending = child
      if (ending === undefined) return
      send({ type: 'close' })
      ending.stdin?.end()
      const timer = setTimeout(() => ending.kill('SIGKILL'), 10_000)
      await ending
      clearTimeout(timer)
    },
  }
}

async function generationOf(result: SidecarResult, retries: number): Promise<Generation> {
  const { id, timings = NO_TIMINGS, fingerprints = {}, notes = [], plan, stages } = result
  try {
    const images = await Promise.all(
      result.images.map((image, i) => drawnImage(Buffer.from(image, 'base64'), `picture ${i} of the sidecar`)),
    )
    return {
      id,
      state: 'ok',
      images,
      faults: [],
      notes,
      fingerprints,
      timings,
      retries,
      ...(isPlan(plan) && { plan }),
      ...(stages !== undefined && { stages: tensorsOf(stages) }),
    }
  } catch (error) {
    return { ...faultedGeneration(id, error), retries }
  }
}

function tensorsOf(stages: NonNullable<SidecarResult['stages']>): Stages {
  return Object.fromEntries(
    Object.entries(stages).map(([name, { shape, data }]) => {
      // A copy, so that the floats begin where floats may begin.
      const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
      return [name, { shape, data: new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4)) }]
    }),
  )
}

/** Lines of the sidecar's standard output, parsed; the first that breaks the protocol is handed on as an error. */
function listen(started: Spawned, tell: (message: FromSidecar | BackendError) => void): void {
  let rest: Buffer[] = []
  let size = 0
  started.stdout?.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8')
      rest = []
      size = 0
      from = end + 1
      if (line.trim() !== '') tell(read(line))
    }
    rest.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > MAX_LINE) tell(new BackendError('the sidecar sent a line without end'))
  })
}

function read(line: string): FromSidecar | BackendError {
  const broken = (why: string) =>
    new BackendError(`the sidecar broke the protocol: ${why}`, {
      hint: `it said: ${line.slice(0, 200)}; only JSON lines belong on its standard output, everything else on standard error`,
    })
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    return broken(faultOf(cause).message)
  }
  const parsed = fromSidecarSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  return broken(`${issue?.path.join('.')}: ${issue?.message}`)
}
