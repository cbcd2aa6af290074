import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { energyMeter, heldVram, peakRss } from './meters.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meters-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test.skipIf(process.platform !== 'linux')(
  'the memory of a process is known, and that of its children counted',
  async () => {
    const own = await peakRss(process.pid)
    expect(own).toBeGreaterThan(20e6)
    expect(await peakRss(2 ** 30)).toBeUndefined()
  },
)

describe('energy', () => {
  async function zone(name: string, microjoules: number, range = 1000e6) {
    await mkdir(join(folder, name), { recursive: true })
    await writeFile(join(folder, name, 'energy_uj'), `${microjoules}\n`)
    await writeFile(join(folder, name, 'max_energy_range_uj'), `${range}\n`)
  }

  test('is what the packages used since the last look; parts of a package are not counted twice', async () => {
    await zone('intel-rapl:0', 5e6)
    await zone('intel-rapl:1', 100e6)
    await zone('intel-rapl:0:0', 1e6)
    const meter = await energyMeter(folder)
    await zone('intel-rapl:0', 7e6)
    await zone('intel-rapl:1', 100.5e6)
    await zone('intel-rapl:0:0', 900e6)
    expect(await meter?.take()).toBeCloseTo(2.5)
    expect(await meter?.take()).toBe(0)
  })

  test('goes on where a counter starts again', async () => {
    await zone('intel-rapl:0', 999e6)
    const meter = await energyMeter(folder)
    await zone('intel-rapl:0', 2e6)
    expect(await meter?.take()).toBeCloseTo(3)
  })

  test('is not known where there are no counters, or none that can be read', async () => {
    expect(await energyMeter(join(folder, 'nowhere'))).toBeUndefined()
    await mkdir(join(folder, 'intel-rapl:0'))
    expect(await energyMeter(folder)).toBeUndefined()
  })
})

describe.skipIf(process.platform === 'win32')('memory of a GPU', () => {
  async function smi(...lines: string[]): Promise<string> {
    const file = join(folder, 'nvidia-smi')
    await writeFile(file, `#!/bin/sh\ncat <<'END'\n${lines.join('\n')}\nEND\n`)
    await chmod(file, 0o755)
    return file
  }

  test('is what the processes of a side hold, on all GPUs', async () => {
    const file = await smi(`${process.pid}, 100`, '1, 5000', `${process.pid}, 23`)
    expect(await heldVram(process.pid, file)).toBe(123 * 2 ** 20)
  })

  test('is not known where they are not listed, where no figure is, or without the program', async () => {
    expect(await heldVram(process.pid, await smi('1, 5000'))).toBeUndefined()
    expect(await heldVram(process.pid, await smi(`${process.pid}, [N/A]`))).toBeUndefined()
    expect(await heldVram(process.pid, join(folder, 'nothing'))).toBeUndefined()
  })
})
