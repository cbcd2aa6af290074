/** The pairs of the detection table, made from goldens, from a run, and from what an engine draws anew. */
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.js'
import { annotate } from '../../imaging/annotators/annotate.js'
import { sha256Hex } from '../canonical.js'
import type { Fixture } from '../fixture/fixture.js'
import type { JudgedGolden } from '../gates/judge.js'
import { goldenAsResult } from '../golden/as-result.js'
import { type GoldenSet, readGolden, withPictures } from '../goldens.js'
import type { Picture } from '../metrics/picture.js'
import { randomOf, seedOf } from '../mutations/pixels.js'
import { replay } from '../replay.js'
import type { CaseResult, Run } from '../run-schema.js'
import { readPicture } from '../run-store.js'
import { readTensors } from '../tensor-file.js'
import { uploaded } from '../uploads.js'
import { changedFixture, type DrawnKind } from './drawn-pairs.js'
import type { PairKind } from './pairs-file.js'
import type { NamedPair } from './table.js'

/** Photos of a set of goldens, of the class that has most of them, with what an upload makes of them. */
export async function photosOf({ folder, entries }: GoldenSet): Promise<JudgedGolden[]> {
  const counts = new Map<string, number>()
  for (const { class: name } of entries) counts.set(name, (counts.get(name) ?? 0) + 1)
  const [largest] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? []
  const own = entries.filter(entry => entry.class === largest && entry.variant === 1)
  const goldens = await Promise.all(
    own.map(async ({ file }) => withPictures(folder, await readGolden(join(folder, file)))),
  )
  const photos = goldens.filter(({ golden, pictures }) => golden.output === 'photo' && pictures.length === 1)
  return Promise.all(
    photos.map(async photo => ({ ...photo, uploads: await Promise.all(photo.pictures.map(uploaded)) })),
  )
}

/** As many of them, evenly from all. */
export function sampled<T>(items: readonly T[], wanted: number): T[] {
  const count = Math.min(wanted, items.length)
  return items.filter((_, i) => Math.floor((i * count) / items.length) !== Math.floor(((i - 1) * count) / items.length))
}

/** Each golden and what the kind makes of it. */
export async function* mutatedPairs(
  { name, of, mutate }: PairKind,
  photos: readonly JudgedGolden[],
): AsyncGenerator<NamedPair> {
  for (const photo of photos) {
    const base = of === 'photo' ? photo : mapOf(photo)
    const [picture] = base.pictures
    if (picture === undefined) continue
    const id = base.golden.case
    yield { id, golden: base, picture: await mutate(picture, randomOf(seedOf(name, id))) }
  }
}

/** Canny's edges of a photo, as if they were what was approved. */
function mapOf({ golden, pictures }: JudgedGolden): JudgedGolden {
  const maps = pictures.map((picture): Picture => {
    const side = Math.min(picture.width, picture.height)
    return annotate('canny', { ...picture, channels: 3 }, { resolution: side })
  })
  const images = maps.map(({ width, height, channels, pixels }, i) => ({
    file: golden.images[i]?.file ?? '',
    width,
    height,
    channels,
    sha256: sha256Hex(pixels),
  }))
  const { plan: _, planSha256: __, ...rest } = golden
  return { golden: { ...rest, output: 'control_map', images }, pictures: maps }
}

/** Goldens and what a run of another machine drew of them. */
export async function* runPairs(run: Run, folder: string, photos: readonly JudgedGolden[]): AsyncGenerator<NamedPair> {
  for (const photo of photos) {
    const result = run.cases.find(({ id, state }) => id === photo.golden.case && state === 'ok')
    if (result !== undefined) yield await drawnPair({ photo, result, folder })
  }
}

/** Goldens and the pictures of their twins: what is drawn when a feature is lost. */
export function* twinPairs(fixtures: readonly Fixture[], photos: readonly JudgedGolden[]): Generator<NamedPair> {
  for (const { id, twin } of fixtures) {
    const own = photos.find(({ golden }) => golden.case === id)
    const other = photos.find(({ golden }) => golden.case === twin)
    const [picture] = other?.pictures ?? []
    if (own === undefined || other === undefined || picture === undefined) continue
    if (own.golden.images[0]?.width !== picture.width || own.golden.images[0]?.height !== picture.height) continue
    yield { id, golden: own, picture, drawn: { result: resultAs(own, other), tensors: other.tensors } }
  }
}

/** The twin's stages under the golden's plan: what the plan says is another gate's. */
function resultAs({ golden }: JudgedGolden, { golden: twin }: JudgedGolden): CaseResult {
  return goldenAsResult({ asked: golden, planned: golden, drawn: twin })
}

interface Redrawing {
  kind: DrawnKind
  backend: Backend
  fixtures: readonly Fixture[]
  photos: readonly JudgedGolden[]
  /** Folder of the run that is made. */
  out: string
}

/** Goldens and what the backend draws of their payloads, changed. */
export async function* redrawnPairs({ kind, backend, fixtures, photos, out }: Redrawing): AsyncGenerator<NamedPair> {
  const known = photos.flatMap(photo => {
    const fixture = fixtures.find(({ id }) => id === photo.golden.case)
    return fixture === undefined ? [] : [{ photo, fixture: changedFixture(fixture, kind) }]
  })
  const run = await replay({ backend, fixtures: known.map(({ fixture }) => fixture), out, command: 'self-test' })
  for (const { photo, fixture } of known) {
    const result = run.cases.find(({ id, state }) => id === fixture.id && state === 'ok')
    const [first] = result?.images ?? []
    const [approved] = photo.golden.images
    if (result === undefined || first?.width !== approved?.width || first?.height !== approved?.height) continue
    yield await drawnPair({ photo, result, folder: out })
  }
}

interface Drawn {
  photo: JudgedGolden
  result: CaseResult
  folder: string
}

/** Of a batch the first picture; its tensors are those of all and are left out. */
async function drawnPair({ photo, result, folder }: Drawn): Promise<NamedPair> {
  const [image] = result.images
  if (image === undefined) throw new Error('unreachable: a case that is ok has a picture')
  const single = result.images.length === 1
  const { golden } = photo
  return {
    id: golden.case,
    golden: photo,
    picture: await readPicture(folder, image),
    drawn: {
      result: {
        ...resultAs(photo, photo),
        images: [image],
        fingerprints: single ? result.fingerprints : golden.fingerprints,
      },
      tensors: single ? result.tensors && (await readTensors(folder, result.tensors)) : photo.tensors,
    },
  }
}
