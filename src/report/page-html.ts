import { createHash } from 'node:crypto'
import type { Run } from '../harness/run-schema.js'
import type { PageAssets } from './page-assets.js'
import { pageCase, worstFirst } from './page-case.js'
import { caseId, DATA_ID, type PageData, pictureId } from './page-data.js'
import { placePictures } from './page-pictures.js'
import type { StoredPicture } from './stored-picture.js'
import { headline, summarise, type Tone } from './summary.js'

export interface PageInput extends PageAssets {
  run: Run
  /** Reads a picture of the run by its path in `run.json`. */
  readPicture(file: string): Promise<StoredPicture>
  /** Bytes of pictures that the page carries; those beyond stay files beside it. */
  pictureBytes: number
}

/**
 * The page, piece by piece: a run's pictures together may be larger than a string can be. Nothing in it is taken from the
 * network, and its policy lets the browser run the one script and the one style it came with and nothing else. The script
 * stands before the cases and their pictures, the worst ones first, so that the page works while they are still being read.
 */
export async function* pageHtml({ run, script, style, readPicture, pictureBytes }: PageInput): AsyncGenerator<string> {
  const order = run.cases
    .map((result, number) => ({ number, ...pageCase(result, { candidate: [], golden: [] }) }))
    .sort(worstFirst)
    .map(({ number }) => number)
  const placed = await placePictures({ run, order, readPicture, limit: pictureBytes })
  const summary = summarise(run)
  const { cases, ...head } = run
  const data: PageData = {
    run: head,
    summary,
    cases: cases.map((result, index) => pageCase(result, placed.of[index] ?? { candidate: [], golden: [] })),
  }
  const { tone, text } = headline(summary)
  const policy = [
    "default-src 'none'",
    `img-src data:${placed.beside ? " 'self'" : ''}`,
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
<title>${escapeHtml(`${text} · ${run.id}`)}</title>
<link rel="icon" href="${icon(tone)}">
<style>${style}</style>
</head>
<body>
<noscript>This page shows its run by a script. Without one, read the run.json it was made of.</noscript>
<script type="application/json" id="${DATA_ID}">${inertJson(data)}</script>
<script>${script}</script>
`
  for (const number of order) {
    yield `<script type="application/json" id="${caseId(number)}">${inertJson(cases[number])}</script>\n`
    for (const { id, file } of placed.blocks[number] ?? []) {
      const picture = await readPicture(file)
      if ('missing' in picture) continue
      const base64 = Buffer.from(picture.bytes).toString('base64')
      yield `<script type="text/plain" id="${pictureId(id)}" data-type="${picture.type}">${base64}</script>\n`
    }
  }
  yield '</body>\n</html>\n'
}

/** Of the browser's tab: the verdict can be told among twenty of them. */
function icon(tone: Tone): string {
  const colour = { good: '%2312915a', warn: '%23c77700', bad: '%23d0303c' }[tone]
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><circle cx='8' cy='8' r='7' fill='${colour}'/></svg>`
  return `data:image/svg+xml,${svg.replaceAll('<', '%3c').replaceAll('>', '%3e')}`
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
