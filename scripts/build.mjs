// Compiles src/ to dist/. The page of the report is a script for browsers: it is compiled on its own and inlined as text. What a lane
// loads is put into one file, protobuf included: that saves a tenth of a second at every start of one.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
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

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
await build({
  entryPoints: [join(root, 'dist/lane/main.js')],
  outfile: join(root, 'dist/lane/main.bundle.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: Object.keys(dependencies).filter(name => name !== '@bufbuild/protobuf'),
  legalComments: 'inline',
  logLevel: 'warning',
})

await writeSchemas(join(root, 'dist/schema'))
