/** Types of tensor elements, by ONNX's names, and their numbers in `TensorProto.DataType`. */
export const dtypeNumbers = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e5m2: 19,
} as const

export type DType = keyof typeof dtypeNumbers

/** Bytes of an element. */
export const dtypeBytes: Readonly<Record<DType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  bfloat16: 2,
  float8e4m3fn: 1,
  float8e5m2: 1,
}
