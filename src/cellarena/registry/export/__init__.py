"""Released models for other programs: TorchScript, torch.export, ONNX and bioimage.io."""
