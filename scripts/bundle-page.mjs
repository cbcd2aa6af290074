// Bundles the report's page, a script and a style that the report inlines.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'report', 'page')

/**
 * @returns {Promise<{ script: string, style: string }>}
 */
export async function bundlePage() {
  const { outputFiles } = await build({
    entryPoints: { page: join(source, 'main.ts'), style: join(source, 'page.css') },
    outdir: 'out',
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: ['es2022'],
    charset: 'utf8',
    legalComments: 'inline',
    logLevel: 'error',
  })
  const textOf = suffix => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? ''
  return { script: textOf('page.js'), style: textOf('style.css') }
}
