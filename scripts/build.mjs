// Compiles src/ to dist/. The page of the report is a script for browsers: it is compiled on its own and inlined as text.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundlePage } from './bundle-page.mjs'
import { writeSchemas } from './write-schemas.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(join(root, 'dist'), { recursive: true, force: true })
for (const project of ['tsconfig.build.json', 'src/report/page/tsconfig.json']) {
  execFileSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit', cwd: root })
}
const { script, style } = await bundlePage()
writeFileSync(join(root, 'dist/report/page.js'), script)
writeFileSync(join(root, 'dist/report/page.css'), style)

await writeSchemas(join(root, 'dist/schema'))
