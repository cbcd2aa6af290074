/** Pairs that were really drawn: other settings, which must be caught, and the same ones elsewhere, which must not. */
import { parse, stringify } from 'lossless-json'
import { z } from 'zod'
import type { Fixture } from '../fixture/fixture.js'

interface Payload {
  [field: string]: unknown
}

export interface DrawnKind {
  name: string
  expected: 'match' | 'fail'
  change(payload: Payload): void
}

const number = (payload: Payload, field: string, fallback: number) =>
  payload[field] === undefined ? fallback : Number(String(payload[field]))

/** Changes of a payload that draw another picture, and one that draws the same as the first of a batch. */
export const DRAWN_KINDS: readonly DrawnKind[] = [
  {
    name: 'drawn in a batch',
    expected: 'match',
    change: payload => {
      payload.n_iter = 2
    },
  },
  {
    name: 'one step more',
    expected: 'fail',
    change: payload => {
      payload.ddim_steps = number(payload, 'ddim_steps', 30) + 1
    },
  },
  {
    name: 'cfg_scale + 0.5',
    expected: 'fail',
    change: payload => {
      payload.cfg_scale = number(payload, 'cfg_scale', 7.5) + 0.5
    },
  },
  {
    name: 'another seed',
    expected: 'fail',
    change: payload => {
      payload.seed = '4711'
    },
  },
  {
    name: 'another sampler',
    expected: 'fail',
    change: payload => {
      payload.sampler_name = payload.sampler_name === 'k_heun' ? 'k_dpmpp_2m' : 'k_heun'
    },
  },
  {
    name: 'another clip skip',
    expected: 'fail',
    change: payload => {
      payload.clip_skip = number(payload, 'clip_skip', 1) === 1 ? 2 : 1
    },
  },
  {
    name: 'the other schedule',
    expected: 'fail',
    change: payload => {
      payload.karras = payload.karras !== true
    },
  },
]

const popSchema = z.looseObject({ payload: z.record(z.string(), z.unknown()) })

/** The fixture with its payload changed, under a name of its own. */
export function changedFixture(fixture: Fixture, { name, change }: DrawnKind): Fixture {
  const pop = popSchema.parse(parse(fixture.payload))
  const payload = { ...pop.payload }
  change(payload)
  return {
    ...fixture,
    id: `${fixture.id}+${name.replace(/[^a-z0-9]+/gu, '-')}`,
    payload: stringify({ ...pop, payload }) ?? fixture.payload,
  }
}
