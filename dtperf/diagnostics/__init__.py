"""What is wrong: chambers that are ill, results that differ, background under the Z peak."""
