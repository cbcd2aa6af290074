import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, it } from 'vitest'
import { cli, ROOT, temporaryFolder } from './support/cli.js'
import { lanesOf, until } from './support/processes.js'

const folder = temporaryFolder('replay')
const ONLY = 'size-64x64,steps-1,euler-ancestral-karras'

interface Case {
  id: string
  retries: number
  images: { sha256: string }[]
  verdict?: { verdict: string; gate?: string; reason: string }
}

function casesOf(run: string): Case[] {
  return JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')).cases
}

function replay(run: string, ...args: string[]) {
  return cli(['replay', '--only', ONLY, '--out', run, ...args])
}

describe('from payloads to a verdict', () => {
  const run = join(folder, 'run')
  const goldens = join(folder, 'golden')

  beforeAll(async () => {
    const { stdout, exitCode } = await replay(run)
    expect(exitCode).toBe(0)
    expect(stdout.trimEnd().endsWith(join(run, 'report.html'))).toBe(true)
  }, 120_000)

  it('a run without goldens is told so, with an exit code of its own', async () => {
    const { exitCode, stdout } = await cli(['check', run, '--golden', goldens])
    expect(stdout).toContain('no-golden')
    expect(exitCode).toBe(3)
  })

  it('stored pictures become goldens, with a reason', async () => {
    expect((await cli(['approve', run, '--golden', goldens])).exitCode).toBe(4)
    // Tests are run before a commit, too.
    const why = ['--reason', 'first light', '--who', 'tester', '--allow-dirty']
    const { exitCode } = await cli(['approve', run, '--golden', goldens, ...why])
    expect(exitCode).toBe(0)
    const { exitCode: checked, stdout } = await cli(['check', run, '--golden', goldens])
    expect(stdout).toContain('All 3 cases match')
    expect(checked).toBe(0)
  })

  it('a lane that is killed in the middle changes nothing', async () => {
    const other = join(folder, 'killed')
    const child = execa(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'replay', '--only', ONLY, '--out', other], {
      reject: false,
    })
    await until(() => existsSync(join(other, 'images')), 60_000)
    for (const pid of lanesOf(child.pid ?? 0)) process.kill(pid, 'SIGKILL')
    expect((await child).exitCode).toBe(0)
    expect(casesOf(other).some(({ retries }) => retries > 0)).toBe(true)
    const hashes = (cases: Case[]) => cases.map(({ id, images }) => [id, images.map(({ sha256 }) => sha256)]).sort()
    expect(hashes(casesOf(other))).toEqual(hashes(casesOf(run)))
  }, 180_000)

  it('the page and the other forms are rendered again without drawing', async () => {
    const [junit, markdown] = [join(folder, 'junit.xml'), join(folder, 'run.md')]
    const { exitCode, stdout } = await cli(['report', run, '--junit', junit, '--markdown', markdown])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('report.html')
    expect(readFileSync(junit, 'utf8')).toContain('steps-1')
    expect(readFileSync(markdown, 'utf8')).toContain('steps-1')
  })

  describe('a broken build turns red', () => {
    /** A copy of the build with one defect. */
    function brokenBuild(name: string, file: string, from: string | RegExp, to: string): string {
      const copy = join(folder, name)
      mkdirSync(copy)
      for (const part of ['dist', 'assets', 'package.json'])
        cpSync(join(ROOT, part), join(copy, part), { recursive: true })
      for (const part of ['node_modules', 'fixtures']) symlinkSync(join(ROOT, part), join(copy, part))
      const path = join(copy, 'dist', file)
      const code = readFileSync(path, 'utf8')
      const broken = code.replace(from, to)
      expect(broken).not.toBe(code)
      writeFileSync(path, broken)
      // Lanes load a bundle of the modules; here they load the modules.
      writeFileSync(join(copy, 'dist/lane/main.bundle.js'), "import './main.js'\n")
      return join(copy, 'dist/cli/main.js')
    }

    it.each([
      ['sampler swapped', 'sampling/samplers/index.js', 'euler_ancestral: eulerAncestral', 'euler_ancestral: euler'],
      [
        'channels swapped',
        'imaging/tensor.js',
        'pixels[i * channels + c]',
        'pixels[i * channels + (channels - 1 - c)]',
      ],
      ['VAE scale off', 'sampling/latent-format.js', 'value / scaleFactor)', 'value / (scaleFactor * 1.1))'],
    ] as const)(
      '%s',
      async (name, file, from, to) => {
        const bin = brokenBuild(name.replace(/ /g, '-'), file, from, to)
        const broken = join(folder, `${name.replace(/ /g, '-')}-run`)
        // Judged by the looks, as on a machine that no golden knows: exact hashes would catch anything.
        const foreign = foreignGoldens(goldens, join(folder, `${name.replace(/ /g, '-')}-golden`))
        const { exitCode, stdout } = await cli(
          ['replay', '--only', ONLY, '--out', broken, '--check', '--golden', foreign],
          { bin },
        )
        expect(stdout).toContain('fail')
        expect(exitCode).toBe(1)
        expect(casesOf(broken).some(({ verdict }) => verdict?.verdict === 'fail')).toBe(true)
      },
      120_000,
    )

    it('while the sound build passes the same looks', async () => {
      const foreign = foreignGoldens(goldens, join(folder, 'foreign'))
      const { exitCode, stdout } = await cli(['check', run, '--golden', foreign])
      expect(stdout).toContain('has no goldens of its own')
      expect(exitCode).toBe(0)
    })
  })

  /** The goldens as if another kind of processor had drawn them. */
  function foreignGoldens(from: string, to: string): string {
    const [own = ''] = readdirSync(from)
    cpSync(join(from, own), join(to, 'cpu-elsewhere'), { recursive: true })
    for (const file of readdirSync(join(to, 'cpu-elsewhere')).filter(name => name.endsWith('.json'))) {
      const path = join(to, 'cpu-elsewhere', file)
      const golden = JSON.parse(readFileSync(path, 'utf8'))
      golden.environment = {
        ...golden.environment,
        class: 'cpu-elsewhere',
        isa: 'neon',
        platform: 'linux-arm64',
        device: 'another',
      }
      writeFileSync(path, JSON.stringify(golden))
    }
    return to
  }
})
