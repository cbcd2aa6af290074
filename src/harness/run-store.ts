/** A run on disk: `run.json` and the pictures it names. Written case by case, so that a run that was cut off stays readable. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GeneratedImage, Generation } from '../engine/types.js'
import { OutputError, RunError } from '../errors.js'
import { decodeImage } from '../imaging/decode.js'
import { readableJson, sha256Hex } from './canonical.js'
import { assertInside } from './inside.js'
import { type Picture, shapeOf } from './metrics/picture.js'
import { outputError, writeWhole } from './output.js'
import { type CaseResult, RUN_SCHEMA, type Run, type RunImage, runSchema } from './run-schema.js'
import { readTensors, writeTensors } from './tensor-file.js'

const RUN_FILE = 'run.json'

/** A run that is being made. */
export interface RunWriter {
  readonly run: Run
  /** Writes a case's pictures and tensors, then the case. Cases may come in any order; they are kept in that of `pending`. */
  add(result: Omit<CaseResult, 'images' | 'tensors'>, drawn: Pick<Generation, 'images' | 'stages'>): Promise<CaseResult>
  /** Marks the run complete, if nothing is pending. */
  finish(end: Pick<Run, 'wallMs' | 'models' | 'coverage' | 'stress'>): Promise<Run>
}

/**
 * Starts a run in a folder that has none yet.
 *
 * @throws OutputError where the folder cannot be written or holds something already
 */
export async function createRun(
  folder: string,
  start: Omit<Run, 'schema' | 'complete' | 'wallMs' | 'cases'>,
): Promise<RunWriter> {
  let run: Run = { schema: RUN_SCHEMA, complete: false, wallMs: 0, cases: [], ...start }
  const order = new Map(start.pending.map((id, index) => [id, index]))
  const since = performance.now()
  try {
    await mkdir(folder, { recursive: true })
    const present = await readdir(folder)
    if (present.includes(RUN_FILE)) {
      throw new OutputError(`${folder} holds a run already`, { hint: 'give every run a folder of its own' })
    }
  } catch (error) {
    throw error instanceof OutputError ? error : outputError(folder, error)
  }
  // Writes queue up: two cases that end at once must not both build on the same state.
  let turn = writeRun(folder, run)
  await turn

  return {
    get run() {
      return run
    },
    async add(result, { images, stages }) {
      const named = await Promise.all(
        images.map((image, index) => writeImage(folder, `images/${result.id}.${index}.png`, image)),
      )
      const tensors =
        stages === undefined ? {} : { tensors: await writeTensors(folder, `tensors/${result.id}.safetensors`, stages) }
      const added: CaseResult = { ...result, images: named, ...tensors }
      turn = turn.then(() => {
        const cases = [...run.cases, added].sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
        const next = {
          ...run,
          cases,
          pending: run.pending.filter(id => id !== added.id),
          wallMs: performance.now() - since,
        }
        return writeRun(folder, next).then(() => {
          run = next
        })
      })
      await turn
      return added
    },
    async finish(end) {
      await turn
      run = { ...run, ...end, complete: run.pending.length === 0 }
      await writeRun(folder, run)
      return run
    },
  }
}

async function writeImage(folder: string, file: string, image: GeneratedImage): Promise<RunImage> {
  await writeWhole(join(folder, file), image.file)
  const { width, height, channels, sha256 } = image
  return { file, width, height, channels, sha256 }
}

/** Writes `run.json` anew, e.g. with verdicts. @throws OutputError */
export async function writeRun(folder: string, run: Run): Promise<void> {
  await writeWhole(join(folder, RUN_FILE), `${readableJson(run)}\n`)
}

/**
 * Reads a run and checks that its pictures and tensors are there and are the ones that were drawn.
 *
 * @throws RunError where it is missing, half written, of another schema, edited, or its pictures are
 */
export async function readRun(folder: string, { pictures = true } = {}): Promise<Run> {
  const file = join(folder, RUN_FILE)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new RunError(`${folder} holds no readable run: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'a run is a folder with a run.json, as replay makes it',
    })
  })
  const run = parseRun(file, text)
  if (!pictures) return run
  for (const { images, tensors } of run.cases) {
    for (const image of images) await readPicture(folder, image)
    if (tensors) await readTensors(folder, tensors)
  }
  return run
}

function parseRun(file: string, text: string): Run {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RunError(
      `${file} is half written or was edited: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        hint: 'replay again into a new folder',
      },
    )
  }
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined
  if (schema !== RUN_SCHEMA) {
    throw new RunError(`${file}: schema must be "${RUN_SCHEMA}", got ${JSON.stringify(schema) ?? 'nothing'}`, {
      hint: 'read it with the release that wrote it, or replay again',
    })
  }
  const parsed = runSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new RunError(`${file}: ${issue?.path.join('.')}: ${issue?.message}`, { hint: 'replay again into a new folder' })
}

/**
 * Reads a picture of a run or of a golden.
 *
 * @throws RunError where it is missing, damaged, outside `folder`, or not the one that `image` describes
 */
export async function readPicture(folder: string, image: RunImage): Promise<Picture> {
  assertInside(folder, image.file)
  const file = join(folder, image.file)
  let picture: Picture
  try {
    picture = await decodeImage(await readFile(file), { origin: file })
  } catch (cause) {
    throw new RunError(
      `the picture ${file} is missing or damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
        hint: 'replay again, or take the folder from where it was whole',
      },
    )
  }
  if (shapeOf(picture) !== shapeOf(image) || sha256Hex(picture.pixels) !== image.sha256) {
    throw new RunError(`the picture ${file} is not the one that was drawn: its pixels have another hash`, {
      hint: 'it was edited or replaced; replay again',
    })
  }
  return picture
}
