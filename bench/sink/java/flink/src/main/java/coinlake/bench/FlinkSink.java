package coinlake.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.BulkWriter;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.fs.FSDataOutputStream;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.filesystem.OutputFileConfig;
import org.apache.flink.streaming.api.functions.sink.filesystem.PartFileInfo;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.BasePathBucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.CheckpointRollingPolicy;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Flink's KafkaSource into its FileSink: exactly once by checkpoints, one line per value, gzip.
 *
 * <p>Set as Flink's pages advise for throughput: object reuse, a subtask per partition, checkpoints
 * far apart, files that roll by size as well, large parts of an upload.
 */
public final class FlinkSink {

  /** A file is done at a checkpoint, as bulk formats must be, or when it is large enough. */
  static final class RollBySize extends CheckpointRollingPolicy<byte[], String> {
    private final long packedBytes;

    RollBySize(long packedBytes) {
      this.packedBytes = packedBytes;
    }

    @Override
    public boolean shouldRollOnEvent(PartFileInfo<String> file, byte[] value) throws IOException {
      return file.getSize() >= packedBytes;
    }

    @Override
    public boolean shouldRollOnProcessingTime(PartFileInfo<String> file, long now) {
      return false;
    }
  }

  /** GZIPOutputStream with a level, which it keeps to itself. */
  static final class Gzip extends GZIPOutputStream {
    Gzip(OutputStream out, int level) throws IOException {
      super(out, 64 * 1024);
      def.setLevel(level);
    }
  }

  static final class GzipLines implements BulkWriter<byte[]> {
    // Lines go to the deflater in blocks: one call for each would cost more than the work.
    private final byte[] block = new byte[64 * 1024];
    private final Gzip gzip;
    private int filled;

    GzipLines(FSDataOutputStream out, int level) throws IOException {
      gzip = new Gzip(out, level);
    }

    @Override
    public void addElement(byte[] value) throws IOException {
      if (filled + value.length + 1 > block.length) {
        drain();
      }
      if (value.length + 1 > block.length) {
        gzip.write(value);
        gzip.write('\n');
        return;
      }
      System.arraycopy(value, 0, block, filled, value.length);
      filled += value.length;
      block[filled++] = '\n';
    }

    @Override
    public void flush() throws IOException {
      drain();
      gzip.flush();
    }

    @Override
    public void finish() throws IOException {
      drain();
      gzip.finish();
    }

    private void drain() throws IOException {
      gzip.write(block, 0, filled);
      filled = 0;
    }
  }

  private FlinkSink() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> told = System.getenv();
    int level = Integer.parseInt(told.get("BENCH_GZIP_LEVEL"));
    int partitions = Integer.parseInt(told.get("BENCH_PARTITIONS"));
    long rollBytes = Long.parseLong(told.get("BENCH_ROLL_BYTES"));

    Configuration settings = new Configuration();
    settings.setString("s3.endpoint", told.get("BENCH_ENDPOINT"));
    settings.setString("s3.path.style.access", "true");
    settings.setString("s3.access-key", told.get("AWS_ACCESS_KEY_ID"));
    settings.setString("s3.secret-key", told.get("AWS_SECRET_ACCESS_KEY"));
    settings.setString("s3.endpoint.region", told.get("AWS_REGION"));
    // Without it a file-backed S3 server makes S3A retry deletes of folders for minutes.
    settings.setString("s3.directory.marker.retention", "keep");
    settings.setString("io.tmp.dirs", told.get("BENCH_SCRATCH"));
    settings.set(PipelineOptions.OBJECT_REUSE, true);
    FileSystem.initialize(settings, null);

    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(partitions, settings);
    env.enableCheckpointing(Duration.ofSeconds(10).toMillis());

    KafkaSource<byte[]> source =
        KafkaSource.<byte[]>builder()
            .setBootstrapServers(told.get("BENCH_BOOTSTRAP"))
            .setTopics(told.get("BENCH_TOPIC"))
            .setGroupId("bench-flink")
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setBounded(OffsetsInitializer.latest())
            .setDeserializer(KafkaRecordDeserializationSchema.valueOnly(ByteArrayDeserializer.class))
            .setProperty("max.partition.fetch.bytes", String.valueOf(8 << 20))
            .setProperty("max.poll.records", "5000")
            .build();
    FileSink<byte[]> sink =
        FileSink.forBulkFormat(
                new Path("s3://" + told.get("BENCH_BUCKET") + "/" + told.get("BENCH_TOPIC")),
                (BulkWriter.Factory<byte[]>) out -> new GzipLines(out, level))
            .withBucketAssigner(new BasePathBucketAssigner<>())
            .withRollingPolicy(new RollBySize(rollBytes))
            .withOutputFileConfig(OutputFileConfig.builder().withPartSuffix(".json.gz").build())
            .build();
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "kafka").sinkTo(sink);
    env.execute("bench");
  }
}
