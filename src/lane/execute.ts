/** One job in a lane: text, sampling passes, decoding. It computes only through its model's sessions, one network at a time. */
import { basename } from 'node:path'
import { performance } from 'node:perf_hooks'
import { CancelledError, ModelFileError, NotFiniteError } from '../errors.js'
import { controlHint } from '../imaging/hint/control-hint.js'
import { interpolate } from '../imaging/interpolate.js'
import type { Picture } from '../imaging/picture.js'
import { toPixels } from '../imaging/tensor.js'
import { type Embedding, openEmbedding } from '../models/embedding.js'
import type { VaeFacts } from '../models/facts.js'
import type { JobNote } from '../payload/job.js'
import type { SamplingPass } from '../plan/types.js'
import { toModelScale, toVaeScale } from '../sampling/latent-format.js'
import { modelSampling } from '../sampling/model-sampling.js'
import type { Latent } from '../sampling/types.js'
import type { ControlFeed } from './denoise.js'
import { withLoras } from './lora/adapted-model.js'
import type { LaneModel, UnetChoice } from './model.js'
import type { LaneResult, LaneTask, Timings } from './protocol.js'
import { type LatentShape, sample } from './sample.js'
import type { JobClock, ScheduledJob } from './schedule/scheduler.js'
import { concatChannels, type EncodedSource, encodeSource, latentMask, repeatRow } from './source.js'
import { stageRecorder } from './stages.js'
import { conditioningOf, encodePrompt, type FindEmbedding } from './text.js'
import { decodeLatent } from './vae.js'

export interface ExecuteContext {
  task: LaneTask
  /** The checkpoint, and the ControlNet where there is one. */
  openModel(): Promise<{ model: LaneModel; control?: UnetChoice['control'] }>
  /** Reads small files. */
  read: ScheduledJob['read']
  /** The job needs no network any more that it used so far: others may take their room. */
  doneWithNetworks(): void
  clock: JobClock
  /** True once the job's owner wants it no more. */
  cancelled(): boolean
  onStep(progress: { step: number; steps: number; pass: number; passes: number }): void
}

export async function execute(context: ExecuteContext): Promise<LaneResult> {
  const { task, clock } = context
  const { plan, keep } = task
  const { facts } = plan.model
  const recorder = stageRecorder(keep)
  const lap = stopwatch(clock)
  const notes: JobNote[] = []
  const checkpoint = () => {
    if (context.cancelled()) throw new CancelledError()
  }
  const onTiles = (what: string) => (side: number) => notes.push(tiledNote(what, side))

  const opened = await context.openModel()
  const { control } = opened
  const model = await context.read(() => withLoras(opened.model, task))
  const opening = lap()

  const findEmbedding = embeddingFinder(task, context.read)
  const cond = await encodePrompt(model, plan, 'cond', findEmbedding)
  const uncond = await encodePrompt(model, plan, 'uncond', findEmbedding)
  for (const [name, { context, tokens, width, pooled }] of Object.entries({ cond, uncond })) {
    refuseNotFinite(context, { what: 'the text encoder', file: task.file })
    recorder.record(name, [1, tokens, width], context)
    if (pooled !== undefined) recorder.record(`${name}_pooled`, [1, pooled.length], pooled)
  }
  context.doneWithNetworks()
  const source =
    task.source &&
    (await encodeSource(
      await model.vaeEncoder(plan.source?.torchThreads),
      task.source,
      plan.source?.growMaskBy,
      onTiles('source'),
    ))
  if (source) {
    refuseNotFinite(source.latent, { what: "the VAE's encoder", file: task.file })
    recorder.record('encoded', source.shape, source.latent)
    const { noiseMask } = source
    if (noiseMask) recorder.record('noise_mask', [1, 1, noiseMask.height, noiseMask.width], noiseMask.data)
  }
  context.doneWithNetworks()
  const encode = lap()

  const vaeScale = (latent: Latent, [, , h, w]: LatentShape) => toVaeScale(latent, facts.vae, h * w)
  const steps: Timings['steps'][number][] = []
  let latent: Latent = new Float32Array()
  let shape: LatentShape = [0, 0, 0, 0]
  for (const [index, pass] of plan.passes.entries()) {
    const next: LatentShape = [plan.batch, facts.vae.latentChannels, pass.height / 8, pass.width / 8]
    const start = startOf(pass, { previous: latent, shape, next, source, vae: facts.vae })
    const unet = await model.unet({ size: [next[2], next[3]], ...(pass.control === undefined ? {} : { control }) })
    const feed = controlFeed(pass, task)
    const passRecorder = recorder.pass(index + 1)
    if (feed) passRecorder.record('control', [1, 3, pass.height, pass.width], feed.hint)
    latent = await sample({
      pass,
      shape: next,
      ...(start === undefined ? {} : { start }),
      mask: source?.noiseMask && latentMask(source.noiseMask, next),
      concat: concatChannels({ plan, shape: next, start, source }),
      control: feed,
      unet,
      model: modelSampling(facts.sampling),
      cond: conditioningOf(cond, plan, { ...pass, side: 'cond' }),
      uncond: conditioningOf(uncond, plan, { ...pass, side: 'uncond' }),
      clock,
      recorder: passRecorder,
      checkpoint,
      onStep(step, timing) {
        steps.push(timing)
        context.onStep({ step: step + 1, steps: pass.steps, pass: index + 1, passes: plan.passes.length })
      },
    })
    context.doneWithNetworks()
    refuseNotFinite(latent, { what: 'the UNet', file: task.file })
    shape = next
    if (index === 0 && plan.passes.length > 1) recorder.record('first_pass', shape, vaeScale(latent, shape))
  }
  lap()

  const decodable = vaeScale(latent, shape)
  recorder.record('latent', shape, decodable)
  const [n, channels, h, w] = shape
  const decoder = await model.vaeDecoder()
  const images: Picture[] = []
  for (let i = 0; i < n; i++) {
    checkpoint()
    const data = decodable.subarray(i * channels * h * w, (i + 1) * channels * h * w)
    const image = await decodeLatent(decoder, { channels, width: w, height: h, data }, onTiles('picture'))
    refuseNotFinite(image.data, { what: "the VAE's decoder", file: task.file })
    images.push(...toPixels({ shape: [1, 3, image.height, image.width], data: image.data }))
  }
  context.doneWithNetworks()
  return {
    images,
    notes,
    fingerprints: recorder.fingerprints,
    ...(keep.stages || keep.steps || keep.gates ? { stages: recorder.stages } : {}),
    timings: { load: opening + clock.loaded, encode, steps, decode: lap(), waiting: clock.waited, total: lap.total() },
  }
}

function tiledNote(what: string, side: number): JobNote {
  return {
    field: 'memory',
    message: `memory was short: the ${what} went through the VAE in tiles of ${side} pixels, which changes it a little`,
  }
}

/** Damaged weights would end as a black picture. */
function refuseNotFinite(values: Float32Array, { what, file }: { what: string; file: string }): void {
  if (values.every(Number.isFinite)) return
  throw new NotFiniteError(`${basename(file)}: ${what} computed values that are not finite`, {
    hint: 'The weights are damaged, or the guidance or a LoRA is too strong; compare the hash of the file with its source.',
  })
}

/** Opens each textual inversion once a job. */
function embeddingFinder({ embeddings, plan }: LaneTask, read: ScheduledJob['read']): FindEmbedding {
  const open = new Map<string, Promise<Embedding>>()
  return async (name, kind) => {
    const file = embeddings[name] ?? name
    const embedding = open.get(name) ?? read(() => openEmbedding(file, plan.model.facts.textEncoders))
    open.set(name, embedding)
    const vectors = (await embedding)[kind]
    if (vectors === undefined)
      throw new ModelFileError(`${file}: has no vectors for ${kind} any more; the file was replaced`)
    return vectors
  }
}

/** The latent that a pass starts from, at the model's scale. */
function startOf(
  pass: SamplingPass,
  {
    previous,
    shape,
    next,
    source,
    vae,
  }: { previous: Latent; shape: LatentShape; next: LatentShape; source: EncodedSource | undefined; vae: VaeFacts },
): Latent | undefined {
  if (pass.start === 'previous') return resized(previous, shape, next)
  if (pass.start === 'empty' || source === undefined) return undefined
  const [, , h, w] = source.shape
  return repeatRow(toModelScale(source.latent, vae, h * w), next)
}

function controlFeed({ control, width, height }: SamplingPass, { control: given }: LaneTask): ControlFeed | undefined {
  if (control === undefined || given === undefined) return undefined
  return { hint: controlHint(given.map, { width, height }).data, strength: control.strength }
}

function resized(latent: Latent, from: LatentShape, to: LatentShape): Latent {
  const planes = { width: from[3], height: from[2], data: latent }
  return interpolate(planes, { width: to[3], height: to[2], mode: 'nearest-exact' }).data
}

/** Milliseconds since the call before, without what was waited for others and for networks; `total` since the first. */
function stopwatch(clock: JobClock): (() => number) & { total(): number } {
  const start = performance.now()
  let last = { now: start, ...clock }
  const lap = () => {
    const now = performance.now()
    const passed = now - last.now - (clock.waited - last.waited) - (clock.loaded - last.loaded)
    last = { now, ...clock }
    return Math.max(0, passed)
  }
  return Object.assign(lap, { total: () => performance.now() - start })
}
