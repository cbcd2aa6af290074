import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { cli, ROOT } from './support/cli.js'

/** Every text in a YAML file. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : []
}

describe('the workflow templates', () => {
  it.each(['ci/github/horde-onnx.yml', 'ci/gitlab/horde-onnx.gitlab-ci.yml'])(
    '%s calls commands and options that there are',
    async file => {
      const texts = textsOf(parse(readFileSync(join(ROOT, file), 'utf8')))
      const calls = texts.flatMap(text => [...text.matchAll(/"\$HORDE_ONNX" ((?:(?!-|run-)[a-z-]+ )+)(.*)/g)])
      expect(calls.map(([, name]) => name?.trim())).toEqual(['gate', 'gate', 'report merge'])
      for (const [, name = '', rest = ''] of calls) {
        const { stdout, exitCode } = await cli([...name.trim().split(' '), '--help'])
        expect(exitCode).toBe(0)
        const options = rest.match(/--[a-z-]+/g) ?? []
        expect(options.length).toBeGreaterThan(0)
        for (const option of options) expect(stdout).toContain(option)
      }
    },
  )
})
