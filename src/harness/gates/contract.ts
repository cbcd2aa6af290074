/** First gate: is it a picture of the kind that was asked for, whatever is on it? Needs no golden. */
import { z } from 'zod'
import { expectedFault, faultedAsExpected } from '../expectation.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import { spread } from '../metrics/spread.js'
import type { CaseResult, GateResult } from '../run-schema.js'

/** What the plan promises; the rest of it is the next gate's. */
const promiseSchema = z.object({
  batch: z.number(),
  passes: z.array(z.object({ width: z.number(), height: z.number() })).min(1),
})

interface ContractInput {
  candidate: CaseResult
  pictures: readonly Picture[]
  /** A golden that is blank itself allows blank pictures. */
  golden?: readonly Picture[] | undefined
  blank: number
  /** The backend says what it was going to draw; of one that does not, the golden's pictures are what was promised. @default true */
  plans?: boolean
}

function promiseOf(pictures: readonly Picture[]): z.infer<typeof promiseSchema> {
  return { batch: pictures.length, passes: pictures.slice(0, 1).map(({ width, height }) => ({ width, height })) }
}

export function contractGate({ candidate, pictures, golden, blank, plans = true }: ContractInput): GateResult {
  const result = (verdict: GateResult['verdict'], reason: string, metrics = {}): GateResult => ({
    gate: 'contract',
    verdict,
    reason,
    metrics,
  })
  const [fault] = candidate.faults
  const expected = expectedFault(candidate)
  if (faultedAsExpected(candidate))
    return result('pass', `it ended in the fault that is expected, ${expected}: ${fault?.message}`)
  if (expected !== undefined && candidate.state !== 'cancelled') {
    const came =
      candidate.state === 'ok' ? 'it was drawn' : `${fault?.code ?? 'an unnamed one'} came: ${fault?.message}`
    return result('fail', `the fault ${expected} is expected, ${came}`)
  }
  if (candidate.state === 'fault')
    return result('error', `it ended in a fault, ${fault?.code ?? 'unnamed'}: ${fault?.message ?? 'no message'}`)
  if (candidate.state === 'cancelled') return result('error', 'it was cancelled')

  // The annotator's map is the picture: nothing was planned.
  if (candidate.plan === undefined && candidate.fixture.output === 'control_map') {
    const { length } = pictures
    return length === 1
      ? result('pass', 'one control map')
      : result('fail', `one control map was asked for, ${length} came`)
  }

  const promised = candidate.plan === undefined && !plans ? promiseOf(golden ?? pictures) : candidate.plan
  const promise = promiseSchema.safeParse(promised)
  if (!promise.success) return result('error', 'the run holds no plan that says what was to be drawn')
  const { batch, passes } = promise.data
  if (pictures.length !== batch) return result('fail', `${batch} pictures were asked for, ${pictures.length} came`)

  const last = passes.at(-1)
  for (const [index, picture] of pictures.entries()) {
    if (last && (picture.width !== last.width || picture.height !== last.height)) {
      return result('fail', `picture ${index} is ${shapeOf(picture)}, ${last.width}×${last.height} was asked for`)
    }
    const deviates = spread(picture)
    const reference = golden?.[index]
    const allowed = reference !== undefined && spread(reference) <= blank
    if (candidate.fixture.output === 'photo' && deviates <= blank && !allowed) {
      return result(
        'fail',
        `picture ${index} is blank: its colours deviate by ${deviates.toFixed(2)}, at least ${blank} is expected`,
        {
          deviation: deviates,
          limit_deviation: blank,
        },
      )
    }
  }
  return result('pass', `${batch === 1 ? 'one picture' : `${batch} pictures`} of the size that was asked for`)
}
