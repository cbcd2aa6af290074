import { describe, expect, it } from 'vitest'
import { pythonRandom } from './random.js'

/** CPython 3.11: three times `getrandbits(32)`, the 2000th of them, and eight times `choice(range(10))`, for each seed. */
const cpython: [bigint, number[], number, number[]][] = [
  [0n, [3626764237, 1654615998, 3255389356], 3908016617, [6, 6, 0, 4, 8, 7, 6, 4]],
  [1n, [577090037, 2444712010, 3639700191], 1058062369, [2, 9, 1, 4, 1, 7, 7, 7]],
  [42n, [2746317213, 478163327, 107420369], 1557724698, [1, 0, 4, 3, 3, 2, 1, 8]],
  [2n ** 63n - 1n, [1359979423, 2819855560, 2711238091], 640895611, [5, 2, 7, 7, 1, 7, 9, 4]],
  [2n ** 64n, [4198958755, 3158798261, 1593907883], 2040548299, [5, 1, 7, 9, 2, 9, 8, 1]],
  [-7n, [1390851128, 4071050724, 647892279], 2803521222, [5, 2, 6, 0, 1, 8, 1, 5]],
  [2n ** 200n + 12345n, [632829219, 3476216445, 2945453961], 693168973, [2, 5, 8, 9, 3, 3, 5, 9]],
]

describe("Python's random", () => {
  it.each(cpython)('draws the same under seed %s', (seed, first, late, choices) => {
    const bits = pythonRandom(seed)
    const drawn = Array.from({ length: 2000 }, () => bits.next32())
    expect(drawn.slice(0, 3)).toEqual(first)
    expect(drawn[1999]).toBe(late)
    const random = pythonRandom(seed)
    const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    expect(choices.map(() => random.choice(digits))).toEqual(choices)
  })
})
