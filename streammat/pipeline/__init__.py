"""The frame pipeline: stages on threads, bounded queues, order kept, memory constant."""
