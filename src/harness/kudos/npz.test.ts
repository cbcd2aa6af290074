import { expect, test } from 'vitest'
import { forward, layersOf } from './network.js'
import { readNpy, readNpz } from './npz.js'
import { NPZ } from './testing.js'

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

/** `[[1.5, -2.25], [0.1, 1e300]]` */
const FLOAT64 = bytes(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4PwAAAAAAAALAmpmZmZmZuT+cdQCIPOQ3fg==',
)
/** The like in Fortran order. */
const FORTRAN = bytes(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMiksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAD4P5qZmZmZmbk/AAAAAAAAAsAAAAAAAAAAQA==',
)
const INTEGERS = bytes(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAAAAAAAAIAAAAAAAAA',
)

test('a network read from numpy computes what numpy computes', () => {
  const layers = layersOf(readNpz(NPZ), 'test')
  expect(layers.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
    [47, 5],
    [5, 1],
  ])
  const row = Float32Array.from({ length: 47 }, (_, i) => i / 47)
  expect(forward(layers, row)).toBeCloseTo(4.6415910720825195, 5)
})

test('float64 arrays keep their values and their shape', () => {
  expect(readNpy(FLOAT64)).toEqual({ shape: [2, 2], data: Float64Array.of(1.5, -2.25, 0.1, 1e300) })
})

test.each([
  ['Fortran order', FORTRAN, 'expected C order'],
  ['integers', INTEGERS, 'got <i8'],
  ['an array that was cut off', FLOAT64.subarray(0, -8), 'expected 4 values'],
  ['something else', new Uint8Array(100), 'expected a .npy array'],
])('%s is refused with what was expected', (_, array, message) => {
  expect(() => readNpy(array, 'w.npy')).toThrow(message)
})

test('a file that is no zip, and a zip that is cut off, are refused', () => {
  expect(() => readNpz(new Uint8Array(1000), 'kudos.npz')).toThrow('kudos.npz is no npz')
  expect(() => readNpz(NPZ.subarray(0, 900), 'kudos.npz')).toThrow('kudos.npz is no npz')
})

test('an npz without layers, or with layers that do not fit, is no kudos model', () => {
  const arrays = readNpz(NPZ)
  expect(() => layersOf(new Map(), 'x.npz')).toThrow('x.npz holds no kudos model')
  const [w0, b0, w1] = [arrays.get('w0'), arrays.get('b0'), arrays.get('w1')]
  if (w0 === undefined || b0 === undefined || w1 === undefined) throw new Error('the test file lacks arrays')
  expect(() =>
    layersOf(
      new Map([
        ['w0', w0],
        ['b0', w1],
      ]),
      'x.npz',
    ),
  ).toThrow()
  expect(() =>
    layersOf(
      new Map([
        ['w0', w0],
        ['b0', b0],
        ['w1', w0],
        ['b1', b0],
      ]),
      'x.npz',
    ),
  ).toThrow('takes 47 values')
})
