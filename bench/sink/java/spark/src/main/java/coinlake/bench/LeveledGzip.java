package coinlake.bench;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.io.compress.CompressionOutputStream;
import org.apache.hadoop.io.compress.GzipCodec;

/**
 * Hadoop's gzip at the level of `bench.gzip.level`.
 *
 * <p>Without Hadoop's native library its own codec takes Java's default level, 6, whatever is set.
 */
public final class LeveledGzip extends GzipCodec {
  private static final int BLOCK = 64 * 1024;

  /** GZIPOutputStream with a level, which it keeps to itself. */
  static final class Gzip extends GZIPOutputStream {
    Gzip(OutputStream out, int level) throws IOException {
      super(out, BLOCK);
      def.setLevel(level);
    }
  }

  static final class Packed extends CompressionOutputStream {
    private final Gzip gzip;
    // Spark writes a line and its end apart: a call of the deflater for each would cost more.
    private final BufferedOutputStream lines;

    Packed(OutputStream out, int level) throws IOException {
      super(out);
      gzip = new Gzip(out, level);
      lines = new BufferedOutputStream(gzip, BLOCK);
    }

    @Override
    public void write(int value) throws IOException {
      lines.write(value);
    }

    @Override
    public void write(byte[] values, int from, int count) throws IOException {
      lines.write(values, from, count);
    }

    @Override
    public void flush() throws IOException {
      lines.flush();
    }

    @Override
    public void finish() throws IOException {
      lines.flush();
      gzip.finish();
    }

    @Override
    public void close() throws IOException {
      lines.flush();
      gzip.close();
    }

    @Override
    public void resetState() {
      throw new UnsupportedOperationException("one file, one stream");
    }
  }

  @Override
  public CompressionOutputStream createOutputStream(OutputStream out) throws IOException {
    return new Packed(out, getConf().getInt("bench.gzip.level", 1));
  }
}
