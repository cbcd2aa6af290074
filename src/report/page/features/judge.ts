/** Whether the judge is to be trusted: pictures damaged on purpose, and the pictures of the run taken together. */
import type { Run } from '../../../harness/run-schema.js'
import { sign } from '../badge.js'
import { foreign, h } from '../dom.js'
import { table } from '../table.js'
import { ladder } from '../viewer/ladder.js'

export function judge({ selfProof, population }: Pick<Run, 'selfProof' | 'population'>): HTMLElement {
  return h(
    'section',
    { class: 'panel', 'aria-label': 'The judge' },
    h('h2', {}, 'The judge'),
    population && ladder([population], ''),
    selfProof &&
      h(
        'details',
        { open: selfProof.verdict === 'fail' },
        h('summary', {}, foreign(selfProof.reason)),
        table(selfProof.trials, [
          { title: 'damage', words: true, cell: ({ mutation }) => foreign(mutation) },
          { title: 'to', words: true, cell: trial => foreign(trial.case) },
          {
            title: 'caught by',
            words: true,
            cell: ({ gate, caught }) => (caught ? foreign(gate ?? '–') : [sign('fail'), ' nobody']),
          },
        ]),
      ),
  )
}
