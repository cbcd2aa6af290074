/** The other end of the protocol: a backend of ours as a sidecar, e.g. for the bench of another checkout. */
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import type { GenerationHandle } from '../../engine/types.js'
import { BackendError } from '../../errors.js'
import type { Backend } from '../backend.js'
import { type FromSidecar, SIDECAR_PROTOCOL, type SidecarResult, wantedSchema } from './protocol.js'

const requestSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('generate'),
    id: z.string(),
    payload: z.string(),
    want: wantedSchema.optional(),
  }),
  z.object({ type: z.literal('cancel'), id: z.string() }),
  z.object({ type: z.literal('close') }),
])

/**
 * Says hello and answers requests until it is told to close, or its input ends.
 *
 * @throws BackendError where a line is no request
 */
export async function serveSidecar(
  backend: Backend,
  { input, output }: { input: Readable; output: Writable },
): Promise<void> {
  const send = (message: FromSidecar) => output.write(`${JSON.stringify(message)}\n`)
  const { name, version, commit, can, samplers } = await backend.describe()
  const { provider, device, dtype, ort, threads } = await backend.environment()
  send({
    type: 'hello',
    protocol: SIDECAR_PROTOCOL,
    name,
    version,
    ...(commit === undefined ? {} : { commit }),
    can: [...can],
    ...(samplers === undefined ? {} : { samplers: [...samplers] }),
    environment: { provider, device, dtype, runtime: ort, threads },
  })
  const running = new Map<string, { handle: GenerationHandle; answered: Promise<void> }>()
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue
    const request = parse(line)
    if (request.type === 'close') break
    if (request.type === 'cancel') {
      running.get(request.id)?.handle.cancel()
      continue
    }
    const { id, payload, want = {} } = request
    const handle = backend.generate(payload, { id, ...(want.gates && { keep: { gates: true } }) })
    const answered = answer(handle, { send, want }).finally(() => running.delete(id))
    running.set(id, { handle, answered })
  }
  await Promise.all([...running.values()].map(({ answered }) => answered))
}

function parse(line: string): z.infer<typeof requestSchema> {
  try {
    return requestSchema.parse(JSON.parse(line))
  } catch (cause) {
    throw new BackendError(`this is no request: ${line.slice(0, 200)}`, {
      cause,
      hint: 'a request is a line of JSON; docs/backends.md shows them',
    })
  }
}

async function answer(
  handle: GenerationHandle,
  { send, want }: { send(message: FromSidecar): void; want: z.infer<typeof wantedSchema> },
): Promise<void> {
  for await (const event of handle) {
    if (event.type === 'step') send({ type: 'step', id: handle.id, step: event.step, steps: event.steps })
  }
  const { id, state, images, faults, timings, fingerprints, notes, plan, stages } = await handle
  if (state === 'cancelled') return send({ type: 'cancelled', id })
  if (state === 'fault') {
    const { code, message, hint } = faults[0] ?? { code: 'internal', message: 'it failed without a word' }
    return send({ type: 'fault', id, code, message, ...(hint === undefined ? {} : { hint }) })
  }
  const result: SidecarResult = {
    type: 'result',
    id,
    images: images.map(({ file }) => Buffer.from(file).toString('base64')),
    timings: { ...timings, steps: [...timings.steps] },
    fingerprints: { ...fingerprints },
    notes: notes.map(({ field, message }) => ({ field, message })),
    ...(want.plan && plan !== undefined && { plan }),
    ...(want.gates &&
      stages !== undefined && {
        stages: Object.fromEntries(
          Object.entries(stages).map(([name, { shape, data }]) => [
            name,
            { shape: [...shape], data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') },
          ]),
        ),
      }),
  }
  send(result)
}
