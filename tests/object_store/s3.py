#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server whose sorted files are objects of an S3 service: the answers are those of a local disk,
whatever is lost; one data directory has a prefix; backups go to buckets and come back."""
import os
import shutil
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "program"), HERE]
from backup import Folder, Writers, make_plant, picture, same, varve, write  # noqa: E402
from server import Cases, Server, StartError, need_binary  # noqa: E402
from service import ACCESS, SECRET, Service, find_binary, make_certificate  # noqa: E402

BUCKET = "varve-test"
QUICK = ("--set", "storage.memtable_bytes_max=1MiB", "--set", "storage.compaction_files_min=4",
         "--set", "storage.object_store.snapshot_interval=300ms",
         "--set", "storage.object_store.disk_cache=16MiB")


def flags(endpoint, prefix, bucket=BUCKET):
    return ("--set", "storage.object_store.bucket=" + bucket,
            "--set", "storage.object_store.prefix=" + prefix,
            "--set", "storage.object_store.endpoint=" + endpoint,
            "--set", "storage.object_store.retry_total=5s", *QUICK)


def set_keys(endpoint):
    os.environ.update({"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET,
                       "AWS_ENDPOINT_URL": endpoint})


def lose_copies(data):
    """Every sorted file and block on the local disk."""
    shutil.rmtree(os.path.join(data, "object-cache"), ignore_errors=True)
    count = 0
    for folder, _, names in os.walk(os.path.join(data, "engine")):
        for name in names:
            if name.endswith(".sst"):
                os.unlink(os.path.join(folder, name))
                count += 1
    return count


def local_picture():
    with Server() as server:
        make_plant(server)
        return picture(server, "plant")


def answers_as_a_local_disk_does(cases, service):
    wanted = local_picture()
    with Server(flags=flags(service.endpoint, "same")) as server:
        make_plant(server)
        same(cases, "fresh rows", picture(server, "plant"), wanted)
        server.restart()
        same(cases, "after a restart", picture(server, "plant"), wanted)
        names = service.list(BUCKET, "same/engine/")
        cases.expect("sorted files are objects", len(names) >= 5, names)
        server.kill()
        server.start()
        same(cases, "after kill -9", picture(server, "plant"), wanted)
        server.stop()
        cases.expect("there were copies", lose_copies(server.data) > 0)
        server.start()
        same(cases, "without a copy on the disk", picture(server, "plant"), wanted)
        metrics = server.http("GET", "/metrics").text
        for name in ("varve_object_store_requests_total{operation=\"get\",outcome=\"ok\"}",
                     "varve_disk_tier_hits_total", "varve_disk_tier_misses_total"):
            cases.expect("metric " + name, name in metrics)
        cases.expect("nothing was quarantined", "varve_quarantined_files 0" in metrics)
        cases.expect("no secret in the log", SECRET not in server.log_text())
        refuses_without_its_bucket(cases, server, service)
        verifies_its_directory(cases, server, service)


def verifies_its_directory(cases, server, service):
    """No server runs; the directory says where its files are."""
    lose_copies(server.data)
    status, out, error = varve("verify", "--data-dir", server.data)
    cases.expect("a directory verifies without copies", status == 0 and "all is well" in out,
                 out + error)
    with Folder() as folder:
        status, out, error = varve("backup", "--to", folder / "b", "--data-dir", server.data)
        cases.expect("and is backed up to a folder", status == 0, error)
    name = max(service.list(BUCKET, "same/engine/").items(), key=lambda item: item[1])[0]
    good = service.get(BUCKET, name)
    # Before it stand columns for other tools, which no checksum of ours covers.
    place = len(good) * 3 // 4
    service.put(BUCKET, name, good[:place] + bytes(200) + good[place + 200:])
    lose_copies(server.data)
    status, out, error = varve("verify", "--data-dir", server.data)
    cases.expect("damage in an object is found", status == 1 and
                 os.path.basename(name) in out, out + error)
    service.put(BUCKET, name, good)


def refuses_without_its_bucket(cases, server, service):
    server.stop()
    for sentence, other, words in (
            ("a start without the bucket is refused", (), "storage.object_store.bucket"),
            ("a start with another prefix is refused", flags(service.endpoint, "elsewhere"),
             "same/")):
        try:
            with Server(data=server.data, flags=other):
                cases.expect(sentence, False, "it started")
        except StartError as error:
            cases.expect(sentence, words in error.output, error.output)


def keeps_up_with_merges_and_deletes(cases, service):
    """Many flushes and merges: objects that no manifest names go, answers stay."""
    with Server(flags=flags(service.endpoint, "busy")) as server:
        server.create("plant")
        for i in range(30):
            write(server, "\n".join("busy,host=s%d v=%d,text=\"%s\" %d" % (
                j % 50, i * 3_000 + j, "x" * (j % 60), (i * 3_000 + j) * 1_000_000)
                for j in range(3_000)))
        wanted = server.rows("SELECT count(v), sum(v) FROM busy", "plant")
        cases.equal("all rows", wanted[0][1:], [90_000, sum(range(90_000))])
        server.kill()
        server.start()
        cases.equal("after kill -9", server.rows("SELECT count(v), sum(v) FROM busy", "plant"),
                    wanted)
        server.rows("DELETE FROM busy WHERE host = 's7'", "plant")
        left = server.rows("SELECT count(v) FROM busy", "plant")
        server.restart()
        cases.equal("what was deleted stays deleted",
                    server.rows("SELECT count(v) FROM busy", "plant"), left)
        server.rows('DROP DATABASE "plant"')
        server.stop()
        server.start()
        server.stop()
        cases.equal("no sorted file is left when nothing is", list(service.list(
            BUCKET, "busy/engine/")), [])
        states = {name.split("/")[1] for name in service.list(BUCKET, "busy/state-")}
        cases.equal("one snapshot is kept", len(states), 1)


def keeps_what_it_acknowledged_when_killed(cases, service, rounds=4):
    """kill -9 while rows come, are written out and merged; sometimes every copy is lost too."""
    with Server(flags=(*flags(service.endpoint, "killed"), "--wal-sync", "off")) as server:
        server.create("plant")
        for round_number in range(rounds):
            with Writers(server) as writers:
                time.sleep(1.5)
                server.process.kill()
            server.kill()
            if round_number % 2:
                lose_copies(server.data)
            server.start()
            for number, acknowledged in enumerate(writers.acknowledged):
                found = server.rows("SELECT count(n) FROM live WHERE writer = 'w%d'" % number,
                                    "plant")
                count = found[0][1] if found else 0
                cases.expect("round %d: acknowledged rows are there" % round_number,
                             count >= acknowledged, (count, acknowledged))
        metrics = server.http("GET", "/metrics").text
        cases.expect("nothing was quarantined", "varve_quarantined_files 0" in metrics)


def one_directory_has_a_prefix(cases, service):
    with Server(flags=flags(service.endpoint, "owned")) as first:
        try:
            with Server(flags=flags(service.endpoint, "owned")):
                cases.expect("a second directory is refused", False, "it started")
        except StartError as error:
            for fact in (first.data, "--take-over", "claimed it at"):
                cases.expect("the refusal tells %s" % fact, fact in error.output, error.output)
    servers = [Server(flags=flags(service.endpoint, "raced")) for _ in range(5)]
    outcomes = []

    def start(server):
        try:
            server.start()
            outcomes.append("started")
        except StartError as error:
            outcomes.append("refused" if "belongs to" in error.output else error.output)

    threads = [threading.Thread(target=start, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cases.equal("of five that race one wins", sorted(outcomes), ["refused"] * 4 + ["started"])
    for server in servers:
        server.__exit__()


def survives_the_loss_of_its_disk(cases, service):
    with Folder() as folder, Server(flags=flags(service.endpoint, "lost")) as server:
        make_plant(server)
        wanted = picture(server, "plant")
        policies = server.rows('SHOW RETENTION POLICIES ON "plant"')
        server.stop()
        url = "s3://%s/lost" % BUCKET
        status, out, error = varve("restore", "--from", url, "--data-dir", folder / "plain")
        cases.equal("the bucket is restored as a local directory", status, 0)
        with Server(data=folder / "plain") as restored:
            same(cases, "which has every row", picture(restored, "plant"), wanted)
        status, out, error = varve("verify", "--backup", url)
        cases.expect("the bucket verifies", status == 0 and "all is well" in out, out + error)
        status, out, error = varve("restore", "--from", url, "--data-dir", folder / "new",
                                   "--take-over")
        cases.expect("the bucket is taken over", status == 0 and server.data in out, out + error)
        with Server(data=folder / "new", flags=flags(service.endpoint, "lost")) as heir:
            same(cases, "the heir has every row", picture(heir, "plant"), wanted)
            cases.equal("and every policy", heir.rows('SHOW RETENTION POLICIES ON "plant"'),
                        policies)
            write(heir, "after v=1 1")
            heir.restart()
            same(cases, "and keeps them", picture(heir, "plant"), wanted)
            cases.equal("with new ones", len(heir.rows("SELECT * FROM after", "plant")), 1)
        try:
            server.start()
            cases.expect("the old owner is refused", False, "it started")
        except StartError as refusal:
            cases.expect("the old owner is refused by name", folder / "new" in refusal.output,
                         refusal.output)
        status, out, error = varve("restore", "--from", "s3://%s/nothing" % BUCKET, "--data-dir",
                                   folder / "x", "--take-over")
        cases.expect("a place that no server used is refused", status == 1 and
                     "used by no server" in error, error)


def acknowledges_nothing_once_taken_over(cases, service):
    with Folder() as folder, Server(flags=flags(service.endpoint, "zombie")) as server:
        make_plant(server)
        server.restart()
        wanted = picture(server, "plant")
        status, out, error = varve("restore", "--from", "s3://%s/zombie" % BUCKET, "--data-dir",
                                   folder / "heir", "--take-over")
        cases.expect("a living server's prefix is taken over", status == 0, out + error)
        end, answer = time.monotonic() + 30, None
        while time.monotonic() < end:
            answer = server.write("plant", "late v=1 1")
            if answer.status != 204:
                break
            time.sleep(0.1)
        cases.expect("it soon acknowledges nothing more, and says whose the rows are",
                     answer.status == 403 and folder / "heir" in answer.text, answer)
        document = server.query("DELETE FROM many", "plant")
        cases.expect("nor does it delete anything", "belongs to" in str(document), document)
        cases.expect("/health tells", server.http("GET", "/health").status == 503)
        cases.equal("but it answers", server.rows("SELECT count(v) FROM many", "plant")[0][1], 20_000)
        # What it could not write out stays in its log, which it says.
        server.stop()
        with Server(data=folder / "heir", flags=flags(service.endpoint, "zombie")) as heir:
            same(cases, "the heir has what was there", picture(heir, "plant"), wanted)


def adopts_what_was_local(cases, service):
    with Server() as server:
        make_plant(server)
        wanted = picture(server, "plant")
        server.stop()
        server.flags = list(flags(service.endpoint, "adopted"))
        server.start()
        same(cases, "a local directory moves to a bucket", picture(server, "plant"), wanted)
        server.stop()
        lose_copies(server.data)
        server.start()
        same(cases, "and lives there", picture(server, "plant"), wanted)


def backs_up_to_a_bucket(cases, service):
    for name, own in (("local files", ()), ("objects", flags(service.endpoint, "source"))):
        url = "s3://%s/backup-%s" % (BUCKET, "far" if own else "near")
        with Folder() as folder, Server(flags=own) as server:
            make_plant(server)
            wanted = picture(server, "plant")
            where = ("--url", server.url)
            status, out, error = varve("backup", "--to", url, *where)
            cases.expect("backup of %s to a bucket" % name, status == 0, error)
            write(server, "later v=1 1")
            status, out, error = varve("backup", "--to", url, *where)
            cases.expect("the second takes what is new", status == 0 and "new are" in out,
                         out + error)
            objects = service.list(BUCKET, url.split("/")[-1] + "/")
            states = {key.split("/")[1] for key in objects if "/state-" in key}
            cases.equal("and leaves one state", len(states), 1)
            cases.expect("no temporary object", not any(k.endswith(".tmp") for k in objects))
            status, out, error = varve("verify", "--backup", url)
            cases.expect("it verifies", status == 0 and "all is well" in out, out + error)
            status, out, error = varve("restore", "--from", url, "--data-dir", folder / "whole")
            cases.expect("it is restored", status == 0, error)
            with Server(data=folder / "whole") as restored:
                same(cases, "with every row", picture(restored, "plant"), wanted)
                cases.equal("and the later one", len(restored.rows("SELECT * FROM later", "plant")),
                            1)
            status, out, error = varve("restore", "--from", url, "--db", "plant", "--as", "again",
                                       *where)
            cases.expect("a part comes back into the running server", status == 0, error)
            same(cases, "with every row", picture(server, "again"), wanted)
            damages_an_object(cases, service, url)
            if own:
                status, out, error = varve("backup", "--to", "s3://%s/source" % BUCKET, *where)
                cases.expect("a live prefix takes no backup", status == 1 and
                             "not empty" in error, error)


def damages_an_object(cases, service, url):
    prefix = url.split("/")[-1] + "/engine/"
    name = max(service.list(BUCKET, prefix).items(), key=lambda item: item[1])[0]
    good = service.get(BUCKET, name)
    service.put(BUCKET, name, good[:100] + bytes([good[100] ^ 1]) + good[101:])
    status, out, error = varve("verify", "--backup", url)
    cases.expect("a flipped bit is found", status == 1 and os.path.basename(name) in out,
                 out + error)
    service.put(BUCKET, name, good)


def speaks_tls(cases, service):
    with Folder() as folder:
        certificate = make_certificate(folder.path)
        if not certificate:
            cases.skip("there is no openssl program to make a certificate")
            return
        with Service(service.binary, certificate) as secure:
            secure.make_bucket(BUCKET)
            own = flags(secure.endpoint, "tls")
            trusting = (*own, "--set", "storage.object_store.ca_file=" + certificate[0])
            with Server(flags=trusting) as server:
                server.create("plant")
                write(server, "secure v=1 1")
                server.restart()
                lose_copies(server.data)
                server.restart()
                cases.equal("rows through TLS", len(server.rows("SELECT * FROM secure", "plant")), 1)
            try:
                with Server(flags=own):
                    cases.expect("an unknown certificate is refused", False, "it started")
            except StartError as error:
                cases.expect("an unknown certificate is refused", "TLS" in error.output,
                             error.output)


def main():
    need_binary()
    cases = Cases()
    binary, reason = find_binary()
    if not binary:
        cases.skip(reason)
        cases.finish()
    wanted = sys.argv[1:]
    with Service(binary) as service:
        service.make_bucket(BUCKET)
        set_keys(service.endpoint)
        for check in (answers_as_a_local_disk_does, keeps_up_with_merges_and_deletes,
                      keeps_what_it_acknowledged_when_killed, one_directory_has_a_prefix,
                      survives_the_loss_of_its_disk, acknowledges_nothing_once_taken_over,
                      adopts_what_was_local, backs_up_to_a_bucket, speaks_tls):
            if not wanted or check.__name__ in wanted:
                run = lambda all_cases, check=check: check(all_cases, service)  # noqa: E731
                run.__name__ = check.__name__
                cases.run(run)
    cases.finish()


if __name__ == "__main__":
    main()
