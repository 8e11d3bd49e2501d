"""From an API Gateway event to a wire's operation and back."""
