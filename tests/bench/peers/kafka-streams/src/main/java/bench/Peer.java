package bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The simple fold on Kafka Streams: the newest cumulative count of a cell wins, and a change is published when it
 * differs. No validation, no revisions, no retractions, no bounds.
 *
 * <p>Environment: BOOTSTRAP_SERVERS, PREFIX (topics PREFIX.reports and PREFIX.casualties), APP_ID, STATE_DIR, STORE
 * (memory or rocksdb), THREADS.
 */
public final class Peer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String STORE = "counts";

  private Peer() {}

  public static void main(String[] arguments) throws InterruptedException {
    String prefix = System.getenv("PREFIX");
    KafkaStreams streams = new KafkaStreams(topology(prefix, System.getenv("STORE")), settings());
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close();
      stopped.countDown();
    }));
    streams.start();
    stopped.await();
  }

  private static Properties settings() {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, System.getenv("APP_ID"));
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("BOOTSTRAP_SERVERS"));
    settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv("STATE_DIR"));
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, System.getenv("THREADS"));
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    return settings;
  }

  private static Topology topology(String prefix, String store) {
    KeyValueBytesStoreSupplier supplier =
        store.equals("rocksdb") ? Stores.persistentKeyValueStore(STORE) : Stores.inMemoryKeyValueStore(STORE);
    Topology topology = new Topology();
    topology.addSource("in", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), prefix + ".reports");
    topology.addProcessor("fold", Fold::new, "in");
    topology.addStateStore(Stores.keyValueStoreBuilder(supplier, Serdes.String(), Serdes.ByteArray()), "fold");
    topology.addSink(
        "out", prefix + ".casualties", Serdes.String().serializer(), Serdes.ByteArray().serializer(), "fold");
    return topology;
  }

  private static final class Fold implements Processor<String, byte[], String, byte[]> {
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, byte[]> counts;

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
      this.context = context;
      this.counts = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, byte[]> record) {
      try {
        JsonNode report = JSON.readTree(record.value());
        String publishedAt = report.get("published_at").asText();
        for (JsonNode claim : report.get("claims")) {
          if (claim.get("type").asText().equals("casualties")) {
            count(record, report, claim, claim.path("as_of").asText(publishedAt));
          }
        }
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    private void count(Record<String, byte[]> record, JsonNode report, JsonNode claim, String asOf)
        throws IOException {
      String cell = cell(report, claim);
      byte[] stored = counts.get(cell);
      JsonNode before = stored == null ? null : JSON.readTree(stored);
      // Times are all in UTC and of one spelling here, so texts compare as times.
      if (before != null && before.get("as_of").asText().compareTo(asOf) > 0) {
        return;
      }
      ObjectNode after = JSON.createObjectNode();
      after.set("best", claim.get("count").get("best"));
      after.put("as_of", asOf);
      counts.put(cell, JSON.writeValueAsBytes(after));
      if (before != null && before.get("best").equals(after.get("best"))) {
        return;
      }
      context.forward(record.withValue(JSON.writeValueAsBytes(change(report, claim, before, after))));
    }

    private static String cell(JsonNode report, JsonNode claim) {
      return String.join(
          "/",
          report.get("episode").asText(),
          report.get("source").asText(),
          claim.get("party").asText(),
          claim.get("outcome").asText(),
          claim.path("population").asText("unknown"));
    }

    private static ObjectNode change(JsonNode report, JsonNode claim, JsonNode before, JsonNode after) {
      ObjectNode change = JSON.createObjectNode();
      change.set("episode", report.get("episode"));
      change.set("source", report.get("source"));
      change.set("party", claim.get("party"));
      change.set("outcome", claim.get("outcome"));
      change.set("population", claim.path("population"));
      change.set("before", before);
      change.set("after", after);
      change.set("report_id", report.get("report_id"));
      change.set("published_at", report.get("published_at"));
      return change;
    }
  }
}
