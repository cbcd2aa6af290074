import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { OutputError } from '../errors.js'

/** Script and style of the page, as `scripts/build.mjs` bundles them. */
export interface PageAssets {
  script: string
  style: string
}

/** From `dist/report/`, wherever this module itself runs from. @throws OutputError where the package was never built */
export async function readPageAssets(): Promise<PageAssets> {
  const [script, style] = await Promise.all(['page.js', 'page.css'].map(readAsset))
  return { script: script ?? '', style: style ?? '' }
}

async function readAsset(name: string): Promise<string> {
  const beside = new URL(import.meta.url.endsWith('.ts') ? `../../dist/report/${name}` : name, import.meta.url)
  return readFile(beside, 'utf8').catch((cause: unknown) => {
    throw new OutputError(`the page of the report cannot be read from ${fileURLToPath(beside)}`, {
      cause,
      hint: 'run `npm run build`: it bundles the page',
    })
  })
}
