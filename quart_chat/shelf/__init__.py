"""Where the bytes of files are: a folder, or a bucket of anything that speaks S3. The only code that knows either."""
