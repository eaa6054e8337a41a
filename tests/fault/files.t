#!/usr/bin/perl
# The files of a run: who may read each, whatever the umask; a link laid in their way is not followed; a document cannot
# be read from outside of its folder, and what is no file there does not hang.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(time);
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);

# Every file and folder below one, with its mode: {path => '0600'}.
sub modes
{
    my ($folder) = @_;
    my ($status, $out) = run_program('find', "$folder", '-mindepth', 1, '-printf', '%P %m %y\n');
    return {map { my ($path, $mode) = /^(.*) (\d+) [fd]$/; $path =~ s/ledger-[0-9a-f]{8}-[0-9a-f]{8}\.head$/ledger-*.head/r => $mode } grep { !/ l$/ } split /\n/, $out};
}

# A node exporter runs under an account of its own: what it reads has no data but counts and the job's name.
my %want = (
    'test.ledger' => 600, 'test.ledger-wal' => 600, 'test.ledger-shm' => 600, 'test.ledger.key' => 600, 'test.ledger.lock' => 600,
    'test.ledger.head' => 600, 'reports/test/ledger-*.head' => 600,
    'reports' => 700, 'reports/test' => 700, 'reports/test/summary.json' => 600, 'reports/test/report.html' => 600,
    'reports/test/rejects.csv.gz' => 600, 'reports/test/broken.csv.gz' => 600, 'reports/test/metrics.prom' => 644,
);
for my $umask (0, 022, 077) {
    subtest sprintf('umask %03o', $umask) => sub {
        my $case = case_new($sandbox, csv => csv_rows(10, 2) . "bad\"one,x\n", rows => 10);
        my $before = modes($case->{folder});
        my $old = umask $umask;
        my ($status, undef, $err) = case_run($case, '-q');
        umask $old;
        is($status, 1, 'status 1: a record was rejected') or diag $err;
        my $modes = modes($case->{folder});
        delete @$modes{keys %$before};
        is_deeply($modes, \%want, 'every file and folder has its mode, and there is none that nobody knows of');
    };
}

subtest 'links in the way' => sub {
    my $case = case_new($sandbox, csv => csv_rows(10, 2, 100) . "bad\"one,x\n", rows => 10);
    my $victims = scratch_folder();
    my $report = "$case->{folder}/reports/test";
    mkdir "$case->{folder}/reports";
    mkdir $report;
    # A summary is read at the start: it may be a link, and is only not written through.
    my %precious = (map({ $_ => "precious $_" } qw(report.html rejects.csv.gz broken.csv.gz metrics.prom)), 'summary.json' => '{"command":"check"}');
    my @names = qw(summary.json report.html rejects.csv.gz broken.csv.gz metrics.prom);
    for my $name (@names) {
        write_file("$victims/$name", $precious{$name});
        write_file("$victims/tmp-$name", "precious too $name");
        symlink "$victims/$name", "$report/$name" or die $!;
        # The name of a draft ends in the pid of its process, which is soon one of these.
        my ($next) = split ' ', `sh -c 'echo \$\$'`;
        symlink "$victims/tmp-$name", "$report/$name.tmp-$_" for $next .. $next + 400;
    }
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'status 1: it is none the worse') or diag $err;
    is(read_file("$victims/$_"), $precious{$_}, "the file that $_ was a link to is as it was") for @names;
    is(read_file("$victims/tmp-$_"), "precious too $_", "and the one that its draft was") for @names;
    ok(-f "$report/$_" && !-l "$report/$_", "$_ is a file now") for @names;

    for my $name (qw(test.ledger.lock test.ledger.key)) {
        my $other = case_new($sandbox, csv => csv_rows(1, 0, 300), rows => 1);
        write_file("$victims/$name", 'precious');
        symlink "$victims/$name", "$other->{folder}/$name";
        ($status, undef, $err) = case_run($other, '-q');
        is($status, 5, "$name as a link is status 5") or diag $err;
        like($err, qr/\Q$name\E/, 'which names it');
        is(read_file("$victims/$name"), 'precious', 'and leaves alone what it points to');
    }
    my $lock = case_new($sandbox, csv => csv_rows(1, 0, 301), rows => 1);
    write_file("$victims/linked", 'precious');
    link "$victims/linked", "$lock->{folder}/test.ledger.lock" or die $!;
    ($status, undef, $err) = case_run($lock, '-q');
    is($status, 5, 'a lock with a second name is status 5') or diag $err;
    is(read_file("$victims/linked"), 'precious', 'and is not emptied');
};

subtest 'documents' => sub {
    my $case = case_new($sandbox, provider => 'kira', rows => 1);
    my $folder = "$case->{folder}/documents";
    my $jpeg = "\xff\xd8\xff\xe0 a picture";
    mkdir $_ for $folder, "$folder/below", "$case->{folder}/outside";
    write_file($_, $jpeg) for "$folder/good.jpg", "$folder/below/good.jpg", "$case->{folder}/outside/secret.jpg", "$case->{folder}/secret.jpg";
    symlink '../secret.jpg', "$folder/link.jpg";
    symlink "$case->{folder}/secret.jpg", "$folder/absolute.jpg";
    symlink '../outside', "$folder/linked";
    symlink 'good.jpg', "$folder/within.jpg";
    symlink '/proc/self/fd/0', "$folder/magic.jpg";
    mkfifo "$folder/pipe.jpg", 0600;
    write_file("$folder/empty.jpg", '');
    write_file("$folder/text.jpg", 'root:x:0:0');
    open my $huge, '>', "$folder/huge.jpg" or die $!;
    print {$huge} $jpeg;
    truncate $huge, 30_000_000_000;
    close $huge;
    # path => whether it may be read
    my @paths = (['good.jpg', 1], ['below/good.jpg', 1], ['./good.jpg', 1], ['../secret.jpg', 0], ['below/../../secret.jpg', 0], ["$case->{folder}/secret.jpg", 0], ['/etc/passwd', 0],
        ['link.jpg', 0], ['absolute.jpg', 0], ['linked/secret.jpg', 0], ['magic.jpg', 0], ['pipe.jpg', 0], ['below', 0], ['.', 0], ['..', 0], ['empty.jpg', 0], ['text.jpg', 0],
        ['huge.jpg', 0], ['nowhere.jpg', 0], ['http://127.0.0.1/x.jpg', 0], ['file:///etc/passwd', 0], ['x' x 5000, 0]);
    push @paths, ['/dev/zero', 0], ['../../../../../../../../dev/zero', 0];
    my ($header, @lines) = split /\n/, csv_rows(scalar @paths, 0, 500);
    write_file("$case->{folder}/export.csv", join '', "$header,front\n", map { "$lines[$_],$paths[$_][0]\n" } 0 .. $#paths);
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/^(  credentials: .*\n)/$1  documents: documents\n/m;
    write_file("$case->{folder}/job.yaml", "$job  document_type: {value: passport}\n  document_number: {value: G12345678}\n  document_country: {value: US}\n  document_front: front\n");
    my $started = time;
    my ($status, undef, $err) = case_run($case, '-q');
    cmp_ok(time - $started, '<', 20, 'nothing hangs, nothing is read for ever');
    is($status, 1, 'status 1') or diag $err;
    my %made = map { $_->[0] => 1 } case_ledger($case, "SELECT external_id FROM customer WHERE state = 'created'");
    for my $i (0 .. $#paths) {
        my $shown = length $paths[$i][0] > 60 ? 'a path of 5,000 bytes' : $paths[$i][0];
        is($made{sprintf 'cust-%06d', 500 + $i} // 0, $paths[$i][1], $shown . ($paths[$i][1] ? ' goes' : ' does not go'));
    }
    is(scalar(sandbox_users($sandbox, 'kira')), 3, 'the provider has no other');
};
sandbox_stop($sandbox);
done_testing;
