import { createHash } from 'node:crypto'
import type { Run } from '../harness/run-schema.js'
import type { PageAssets } from './page-assets.js'
import { DATA_ID, type PageData, type PictureRef, pictureId } from './page-data.js'
import type { StoredPicture } from './stored-picture.js'

export interface PageInput extends PageAssets {
  run: Run
  /** Reads a picture of the run by its path in `run.json`. */
  readPicture(file: string): Promise<StoredPicture>
}

/**
 * The page, piece by piece: a run's pictures together may be larger than a string can be. Nothing in it is taken from the
 * network, and its policy lets the browser run the one script and the one style it came with and nothing else. The script
 * stands before the pictures, so that the page works while they are still being read.
 */
export async function* pageHtml({ run, script, style, readPicture }: PageInput): AsyncGenerator<string> {
  const { data, blocks } = await number(run, readPicture)
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(run.id)} · horde-onnx</title>
<style>${style}</style>
</head>
<body>
<noscript>This page shows its run by a script. Without one, read the run.json it was made of.</noscript>
<script type="application/json" id="${DATA_ID}">${inertJson(data)}</script>
<script>${script}</script>
`
  for await (const { id, type, bytes } of blocks()) {
    yield `<script type="text/plain" id="${id}" data-type="${type}">${Buffer.from(bytes).toString('base64')}</script>\n`
  }
  yield '</body>\n</html>\n'
}

interface Block {
  id: string
  type: string
  bytes: Uint8Array
}

/**
 * Gives each different picture a number: a golden that is identical to the candidate is stored once. Pictures are read
 * twice, once to be told apart and once to be written, and never held together.
 */
async function number(
  run: Run,
  readPicture: PageInput['readPicture'],
): Promise<{ data: PageData; blocks: () => AsyncGenerator<Block> }> {
  const numbers = new Map<string, number>()
  const files: string[] = []
  const refer = async ({ file }: { file: string }): Promise<PictureRef> => {
    const picture = await readPicture(file)
    if ('missing' in picture) return picture
    const key = createHash('sha256').update(picture.bytes).digest('base64')
    const known = numbers.get(key)
    if (known !== undefined) return { number: known }
    numbers.set(key, files.length)
    return { number: files.push(file) - 1 }
  }
  const pictures: { candidate: PictureRef[]; golden: PictureRef[] }[] = []
  for (const { images, verdict } of run.cases) {
    const entry: (typeof pictures)[number] = { candidate: [], golden: [] }
    for (const image of images) entry.candidate.push(await refer(image))
    for (const image of verdict?.golden?.images ?? []) entry.golden.push(await refer(image))
    pictures.push(entry)
  }
  return {
    data: { run, pictures },
    async *blocks() {
      for (const [index, file] of files.entries()) {
        const picture = await readPicture(file)
        if (!('missing' in picture)) yield { id: pictureId(index), ...picture }
      }
    },
  }
}

/** JSON in which no tag can begin: `<` can only stand inside strings, where it may be written as an escape. */
function inertJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
