/** `fixtures/comparator/pairs.yaml`: which kinds of pairs there are, and what has to be said of them. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { FixtureError } from '../../errors.js'
import { BENIGN, MUTATIONS, type Mutate } from '../mutations/mutations.js'
import { parseYaml } from '../yaml-file.js'

const KINDS: Readonly<Record<string, Mutate>> = { ...MUTATIONS, ...BENIGN }

const kinds = z.array(z.string().refine(name => Object.hasOwn(KINDS, name), 'is no kind of mutation'))

const groupSchema = z.strictObject({ should_match: kinds, should_fail: kinds, held_out: kinds.default([]) })

const pairsSchema = z.strictObject({ version: z.literal(1), photos: groupSchema, control_maps: groupSchema })

export interface PairKind {
  name: string
  of: 'photo' | 'control_map'
  expected: 'match' | 'fail'
  /** Nobody looked at it while the limits were chosen. */
  heldOut: boolean
  mutate: Mutate
}

/** @throws FixtureError naming file, line and field */
export async function readPairKinds(file: string): Promise<PairKind[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new FixtureError(`cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })
  const hint = 'kinds are listed in docs/gates.md'
  const { photos, control_maps } = parseYaml({ file, text, schema: pairsSchema, what: 'the comparator pairs', hint })
  return [...kindsOf('photo', photos), ...kindsOf('control_map', control_maps)]
}

function kindsOf(of: PairKind['of'], group: z.infer<typeof groupSchema>): PairKind[] {
  const kind = (name: string, expected: PairKind['expected'], heldOut = false): PairKind[] => {
    const mutate = KINDS[name]
    return mutate === undefined ? [] : [{ name, of, expected, heldOut, mutate }]
  }
  return [
    ...group.should_match.flatMap(name => kind(name, 'match')),
    ...group.should_fail.flatMap(name => kind(name, 'fail')),
    ...group.held_out.flatMap(name => kind(name, 'fail', true)),
  ]
}
