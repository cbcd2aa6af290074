/** A model as a job with LoRAs sees it: the same sessions wherever factors are inputs, sessions of its own where they cannot be. */
import type { Checkpoint } from '../../models/checkpoint.js'
import { openLora } from '../../models/lora/open-lora.js'
import type { AppliedLora } from '../../models/lora/patch.js'
import { type LoraLayer, textLayers, unetLayers } from '../../networks/index.js'
import type { LaneModel, Variant } from '../model.js'
import type { LaneTask } from '../protocol.js'
import type { Session, SharedFeeds } from '../session.js'
import { type Change, changesOf, layersOf } from './changes.js'
import { factorFeeds } from './factors.js'
import { mergeLoras } from './merged.js'

/** A network with the job's LoRAs: which session, and what its runs are fed beside the rest. */
interface Adapted {
  variant: Variant
  shared?: SharedFeeds
}

/**
 * @throws ModelFileError where a file is damaged or was made for another architecture, UnsupportedError for layouts that
 * nobody here computes
 */
export async function withLoras(model: LaneModel, { plan, loras: files }: LaneTask): Promise<LaneModel> {
  if (files.length === 0) return model
  const { checkpoint } = model
  const { facts } = plan.model
  const loras: AppliedLora[] = []
  for (const [i, { model, clip }] of plan.loras.entries()) {
    loras.push({ lora: await openLora(files[i] ?? '', checkpoint, facts), model, clip })
  }

  /** @param choices sets of layers whose factors a graph may take, the smallest first */
  async function adapt(
    part: 'unet' | 'text',
    prefix: string,
    choices: Readonly<Record<string, () => LoraLayer[]>>,
  ): Promise<Adapted | undefined> {
    const changes = changesOf(loras, part, prefix)
    if (changes.length === 0) return undefined
    const key = JSON.stringify(plan.loras.map(({ sha256, model, clip }) => [sha256, part === 'unet' ? model : clip]))
    const low = await withFactors(checkpoint, changes, choices, key)
    return low ?? { variant: { key, merged: () => mergeLoras(checkpoint, loras, part) } }
  }

  const unet = once(() =>
    adapt('unet', facts.unet.prefix, {
      'LoRA of matrices': () => unetLayers(checkpoint, facts, 'linear'),
      'LoRA of all layers': () => unetLayers(checkpoint, facts, 'all'),
    }),
  )
  const texts = new Map(
    facts.textEncoders.map(encoder => [
      encoder.kind,
      once(() => adapt('text', encoder.prefix, { LoRA: () => textLayers(checkpoint, encoder) })),
    ]),
  )
  return {
    ...model,
    async unet(choice = {}) {
      const adapted = await unet()
      if (adapted === undefined) return model.unet(choice)
      return fed(await model.unet({ ...choice, variant: adapted.variant }), adapted.shared)
    },
    async textEncoder(kind) {
      const adapted = await texts.get(kind)?.()
      if (adapted === undefined) return model.textEncoder(kind)
      const open = await model.textEncoder(kind, adapted.variant)
      return { ...open, session: fed(open.session, adapted.shared) }
    },
  }
}

async function withFactors(
  checkpoint: Checkpoint,
  changes: readonly Change[],
  choices: Readonly<Record<string, () => LoraLayer[]>>,
  strengths: string,
): Promise<Adapted | undefined> {
  for (const [key, layers] of Object.entries(choices)) {
    const lora = layers()
    const layerOf = layersOf(changes, checkpoint, lora)
    if (layerOf === undefined) continue
    return { variant: { key, lora }, shared: { key: strengths, feeds: await factorFeeds(layerOf, lora) } }
  }
  return undefined
}

/** A session that is always fed the same besides. */
function fed(session: Session, shared: SharedFeeds | undefined): Session {
  return { ...session, run: (feeds, outputs) => session.run(feeds, outputs, shared) }
}

function once<T>(compute: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= compute()
    return result
  }
}
