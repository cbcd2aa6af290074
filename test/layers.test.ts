import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What each folder of src/ may import from; see the table of layers in docs/architecture.md. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  onnx: [],
  models: [],
  sampling: ['models'],
  prompt: ['plan', 'sampling'],
  payload: ['sampling', 'prompt', 'models'],
  plan: ['payload', 'prompt', 'sampling', 'models'],
  imaging: ['sampling'],
  networks: ['onnx', 'models'],
  lane: ['networks', 'onnx', 'sampling', 'prompt', 'models', 'plan', 'payload', 'imaging'],
  engine: ['lane', 'plan', 'payload', 'imaging', 'models', 'prompt', 'sampling'],
  backends: ['engine', 'payload', 'plan', 'imaging', 'models', 'sampling'],
  harness: ['onnx', 'backends', 'engine', 'payload', 'plan', 'imaging', 'models', 'sampling', 'prompt'],
  report: ['harness', 'plan', 'payload'],
  cli: ['report', 'harness', 'backends', 'engine', 'payload', 'plan', 'imaging', 'models', 'sampling', 'prompt'],
}

/** Packages with native code, and the only folder that may import each. */
const NATIVE: Record<string, string> = { 'onnxruntime-node': 'lane', sharp: 'imaging' }

const SRC = resolve(import.meta.dirname, '../src')

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
  file => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('.d.ts'),
)

const imports = files.flatMap(file => {
  const text = readFileSync(join(SRC, file), 'utf8')
  const specifiers = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].flatMap(([, specifier]) => specifier ?? [])
  return specifiers.map(specifier => ({ file, folder: file.split(sep)[0] ?? '', specifier }))
})

describe('imports run downwards only', () => {
  it('finds the imports of every folder', () => {
    expect(imports.length).toBeGreaterThan(50)
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining(['lane', 'payload']))
  })

  it('between the folders of src/', () => {
    const wrong = imports.flatMap(({ file, folder, specifier }) => {
      if (!specifier.startsWith('.')) return []
      const target = relative(SRC, resolve(SRC, file, '..', specifier)).split(sep)
      const to = target[0] ?? ''
      if (target.length === 1 || to === folder || !(folder in MAY_IMPORT)) return []
      return MAY_IMPORT[folder]?.includes(to) ? [] : [`${file} imports ${specifier}`]
    })
    expect(wrong).toEqual([])
  })

  it('native packages have one folder each', () => {
    const wrong = imports.flatMap(({ file, folder, specifier }) =>
      specifier in NATIVE && NATIVE[specifier] !== folder ? [`${file} imports ${specifier}`] : [],
    )
    expect(wrong).toEqual([])
  })
})
