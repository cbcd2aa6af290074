import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { cli, ROOT, temporaryFolder } from './support/cli.js'

const folder = temporaryFolder('annotate')

describe('horde-onnx annotate', () => {
  const picture = join(folder, 'circle.png')

  it('writes the map of a picture, at the resolution that was asked for', async () => {
    await sharp({ create: { width: 96, height: 64, channels: 3, background: 'white' } })
      .composite([{ input: Buffer.from('<svg width="40" height="40"><circle cx="20" cy="20" r="18"/></svg>') }])
      .png()
      .toFile(picture)
    const output = join(folder, 'edges.png')
    const { exitCode, stdout } = await cli([
      'annotate',
      'canny',
      picture,
      '-o',
      output,
      '--resolution',
      '128',
      '--set',
      'low_threshold=40',
    ])
    expect(stdout.trim()).toBe(output)
    expect(exitCode).toBe(0)
    const { data, info } = await sharp(output).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([192, 128])
    expect(new Set(data)).toEqual(new Set([0, 255]))
  })

  it('lists what there is', async () => {
    const { stdout } = await cli(['annotate', '--list'])
    expect(stdout).toMatch(/canny.*low_threshold/)
    expect(stdout).toContain('ControlNetHED.pth')
  })

  it.each([
    [['canny'], 4, /a control type and a picture are needed/],
    [['canny', 'nothing.png'], 4, /cannot read the picture nothing\.png/],
    [['hed', picture], 7, /network.*ControlNetHED\.pth/s],
    [['cany', picture], 4, /unknown control type "cany"/],
    [['canny', picture, '--set', 'low=1'], 4, /has no parameter "low"/],
    [['canny', join(ROOT, 'package.json')], 4, /package\.json/],
  ] as const)('answers %j with exit code %i', async (args, code, message) => {
    const { exitCode, stderr } = await cli(['annotate', ...args])
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(code)
  })
})
