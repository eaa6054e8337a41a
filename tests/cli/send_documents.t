#!/usr/bin/perl
# kyc-import documents: which documents are sent, how, how often, and what becomes of one whose answer is lost or that is
# refused; payward gets URLs, kraken-embed URLs and files.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use KycTest;
use KycRun;
use KycHostile;

my $json = JSON::PP->new->utf8->canonical;
my $png = "\x89PNG\r\n\x1a\n";
my $url = 'https://files.example.com';
my @wide = ('--nonce-window', 10_000_000_000);

# id, number, front, back, selfie, bill
my @columns = qw(id_type id_no front back selfie bill);
my $documents = <<'YAML';
  documents:
    - {type: id_type, number: id_no, country: {value: US}, files: {front: front, back: back, selfie: selfie}}
    - {type: {value: utility_bill}, number: {column: id_no, match: '(.*)', replace: '$1-b'}, country: {value: US}, files: {file_proof_of_address: bill}}
YAML

# The export of KycRun with these columns more; rows: one list each, of values in the order of @columns.
sub export
{
    my (@rows) = @_;
    my ($header, @lines) = split /\n/, csv_rows(scalar @rows, 0);
    return join "\n", "$header," . join(',', @columns), (map { "$lines[$_]," . join ',', map { defined ? $_ : '' } @{$rows[$_]}[0 .. $#columns] } 0 .. $#rows), '';
}

sub job
{
    my ($server, $provider, $rows, %option) = @_;
    my $case = case_new($server, provider => $provider, rows => scalar @$rows, csv => export(@$rows),
        set => {'provider.verifier' => 'Example Checks', %{$option{set} || {}}});
    my $yaml = read_file("$case->{folder}/job.yaml") . (exists $option{documents} ? $option{documents} : $documents);
    if ($provider eq 'kraken-embed') {
        $yaml =~ s/^(  base_url)/  documents: docs\n$1/m;
        mkdir "$case->{folder}/docs";
        write_file("$case->{folder}/docs/$_.png", "$png$_") for qw(a b c);
    }
    write_file("$case->{folder}/job.yaml", $yaml);
    return $case;
}

sub created
{
    my ($case) = @_;
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'the run creates the users') or diag $err;
}

# (counts of `documents --json`, status, standard error)
sub send_documents
{
    my ($case, @more) = @_;
    my ($status, $out, $err) = case_run($case, 'documents', '--json', @more);
    my $counts = $out =~ /^\{/ ? $json->decode($out) : {};
    return ($counts, $status, $err);
}

sub numbers { my ($counts, @names) = @_; return join ' ', map { "$_ " . (defined $counts->{$_} ? $counts->{$_} : '?') } @names; }
sub at_provider { return join ' ', @{sandbox_counts($_[0])->{$_[1]}}{qw(documents duplicate_documents complaints)}; }

my %file = (
    payward => sub { "$url/$_[0].png?X-Amz-Signature=1" },
    'kraken-embed' => sub { "$_[0].png" },
);

for my $provider (qw(payward kraken-embed)) {
    my $name = $file{$provider};
    subtest "$provider: each document once" => sub {
        my $sb = sandbox_start(@wide);
        my $case = job($sb, $provider, [
            ['passport', 'P1', $name->('a'), undef, $name->('b'), $name->('c')],
            ['id_card', 'P2', $name->('a'), $name->('b'), undef, undef],
            ['', '', undef, undef, undef, undef],
        ]);
        my ($counts, $status, $err) = send_documents($case);
        is($status, 5, 'without a ledger: status 5') or diag $err;
        created($case);
        is(at_provider($sb, $provider), '0 0 0', 'a create sends none');
        ($counts, $status, $err) = send_documents($case);
        is("$status " . numbers($counts, qw(read sent unchanged)), '0 read 3 sent 4 unchanged 0', 'four of two customers') or diag $err;
        is(at_provider($sb, $provider), '5 0 0', 'the provider has them, in five files, and found no fault');
        is_deeply([map { $_->[0] } case_ledger($case, "SELECT slot FROM task WHERE customer = 1 ORDER BY slot")],
            [qw(passport/front passport/selfie utility_bill/file_proof_of_address)], 'each has its slot in the ledger');
        ($counts) = send_documents($case);
        is(numbers($counts, qw(sent unchanged requests)), 'sent 0 unchanged 4 requests 0', 'the next night nothing is sent');
        case_run($case, '-q');
        is(case_summary($case)->{unchanged}, 3, 'nor is a customer updated');
        is_verified($case, 'the ledger is sound');
        sandbox_stop($sb);
    };

    subtest "$provider: what changed is sent again" => sub {
        my $sb = sandbox_start(@wide);
        my @row = ('passport', 'P1', $name->('a'), undef, undef, $name->('b'));
        my $case = job($sb, $provider, [[@row]]);
        created($case);
        is(numbers((send_documents($case))[0], 'sent'), 'sent 2', 'two');
        if ($provider eq 'kraken-embed') {
            write_file("$case->{folder}/docs/b.png", "${png}another");
        } else {
            $row[2] =~ s/Signature=1/Signature=2/;
            write_file("$case->{folder}/export.csv", export([@row]));
            is(numbers((send_documents($case))[0], qw(sent unchanged)), 'sent 0 unchanged 2', 'another signature of the URL is no change');
            $row[5] =~ s/b\.png/c.png/;
        }
        write_file("$case->{folder}/export.csv", export([@row]));
        is(numbers((send_documents($case))[0], qw(sent unchanged)), 'sent 1 unchanged 1', 'the one with another content');
        $row[1] = 'P9';
        write_file("$case->{folder}/export.csv", export([@row]));
        is(numbers((send_documents($case))[0], qw(sent unchanged)), 'sent 2 unchanged 0', 'another number changes both');
        is_verified($case, 'the ledger is sound');
        sandbox_stop($sb);
    };

    subtest "$provider: the order in the job is no change" => sub {
        my $sb = sandbox_start(@wide);
        my $case = job($sb, $provider, [['passport', 'P1', $name->('a'), undef, $name->('b'), $name->('c')]]);
        created($case);
        is(numbers((send_documents($case))[0], qw(sent unchanged)), 'sent 3 unchanged 0', 'three');
        my ($first, $second) = $documents =~ /^(    - .*\n)(    - .*\n)/m;
        my $yaml = read_file("$case->{folder}/job.yaml");
        $yaml =~ s/\Q$first$second\E/    - {type: {value: id_card}, number: id_no, country: {value: US}, files: {front: back}}\n$second$first/;
        write_file("$case->{folder}/job.yaml", $yaml);
        is(numbers((send_documents($case))[0], qw(sent unchanged)), 'sent 0 unchanged 3', 'with another one in front of them, and turned round');
        is(at_provider($sb, $provider), '3 0 0', 'none is there twice');
        is_verified($case, 'the ledger is sound');
        sandbox_stop($sb);
    };

    for my $fault (qw(drop reset status-500 truncate garbage)) {
        subtest "$provider: answers that are lost ($fault)" => sub {
            my $sb = sandbox_start(@wide);
            my $case = job($sb, $provider, [map { ['passport', "P$_", $name->('a')] } 1 .. 4]);
            created($case);
            sandbox_faults($sb, "$fault:x2\@document");
            my ($counts, $status, $err) = send_documents($case);
            is("$status " . numbers($counts, 'sent'), '0 sent 4', 'all are sent in the end') or diag $err;
            my ($sent, $duplicates) = split / /, at_provider($sb, $provider);
            cmp_ok($duplicates, '<=', 2, 'twice at most where an answer was lost');
            is(numbers((send_documents($case))[0], 'unchanged'), 'unchanged 4', 'and no more');
            is_verified($case, 'the ledger is sound');
            sandbox_stop($sb);
        };
    }

    subtest "$provider: a doubt is resolved by the next command" => sub {
        my $sb = sandbox_start(@wide);
        my $case = job($sb, $provider, [['passport', 'P1', $name->('a')]], set => {'delivery.attempts' => 1});
        created($case);
        sandbox_faults($sb, 'drop:x1@document');
        my ($counts, $status) = send_documents($case);
        is("$status " . numbers($counts, 'in_doubt'), '1 in_doubt 1', 'no answer: status 1');
        ($counts, $status) = send_documents($case);
        is("$status " . numbers($counts, 'sent'), '0 sent 1', 'then it is sent');
        is(at_provider($sb, $provider), '2 1 0', 'for the second time');
        is_deeply([case_ledger($case, 'SELECT state, attempts FROM task')], [['done', 2]], 'and the ledger counts both attempts');
        sandbox_stop($sb);
    };

    subtest "$provider: refused" => sub {
        my $sb = sandbox_start(@wide);
        my @row = ('passport', 'P1', $name->('a'));
        my $case = job($sb, $provider, [[@row]]);
        created($case);
        sandbox_faults($sb, 'status-422:x1@document');
        my ($counts, $status) = send_documents($case);
        is("$status " . numbers($counts, 'refused'), '1 refused 1', 'status 1');
        is_deeply([map { "$_->{external_id} $_->{document} $_->{state} $_->{http_status}" } @{$counts->{open}}], ['cust-000001 passport/front refused 422'], 'and it is listed');
        ($counts, $status) = send_documents($case);
        is("$status " . numbers($counts, qw(refused_before requests)), '0 refused_before 1 requests 0', 'not again while it is the same');
        is(numbers((send_documents($case, '--retry-refused'))[0], 'sent'), 'sent 1', 'but with --retry-refused');
        sandbox_stop($sb);
    };

    subtest "$provider: what cannot be sent is counted by its reason" => sub {
        my $sb = sandbox_start(@wide);
        my $case = job($sb, $provider, [['ssn', 'P1', $name->('a')], ['passport', '', $name->('a')], ['passport', 'P3', $name->('a')]],
            documents => "  documents:\n    - {type: id_type, number: id_no, country: country, files: {front: front}}\n");
        created($case);
        my ($status, $out, $err) = case_run($case, 'documents');
        is($status, 1, 'status 1') or diag $err;
        unlike($err, qr/are both the column/, 'a document may be of the country in which the customer lives');
        like($out, qr/^1 document sent, /, 'the good one is sent');
        like($out, qr/not sent: 1, each of which has a type that the provider does not take; the first is in row 1\n/, 'a type of another provider');
        like($out, qr/not sent: 1, each of which has no number, which the provider requires; the first is in row 2\n/, 'no number');
        sandbox_stop($sb);
    };

    subtest "$provider: before anything is sent" => sub {
        my $sb = sandbox_start(@wide);
        my $case = job($sb, $provider, [['passport', 'P1', $name->('a')]], set => {'provider.verifier' => undef});
        my ($status, undef, $err) = case_run($case, 'documents');
        is($status, 2, 'no verifier: status 2');
        like($err, qr/`provider\.verifier` is missing.*\n.*hint: provider\.verifier: NAME/, 'and what to write');
        $case = job($sb, $provider, [['passport', 'P1', $name->('a')]], documents => '');
        ($status, undef, $err) = case_run($case, 'documents');
        is($status, 2, 'no documents: status 2');
        like($err, qr/no documents are mapped\n.*hint: list them: fields\.documents: /, 'and how they are listed');
        is(sandbox_counts($sb)->{$provider}{requests}, 0, 'nothing was sent');
        sandbox_stop($sb);
    };
}

for my $provider (qw(kira payso)) {
    subtest "$provider takes no documents of users that exist" => sub {
        my $sb = sandbox_start();
        my $case = case_new($sb, provider => $provider, rows => 1);
        my ($status, $out, $err) = case_run($case, 'documents');
        is("$status$out", 2, 'status 2');
        like($err, qr/$provider does not take documents of users that exist\n.*hint: providers that do are payward, kraken-embed; kyc-import links JOB/s, 'and who does');
        is(sandbox_counts($sb)->{$provider}{requests}, 0, 'nothing was sent');
        sandbox_stop($sb);
    };
}

subtest 'payward: a path is not a URL' => sub {
    my $sb = sandbox_start(@wide);
    my $case = job($sb, 'payward', [['passport', 'P1', 'a.png']]);
    my ($status) = case_run($case, '-q');
    is($status, 1, 'the record is rejected');
    is(case_summary($case)->{rejected}, 1, 'as check says');
    sandbox_stop($sb);
};

subtest 'kraken-embed: files that lead out of the folder, or change under our hands' => sub {
    my $sb = sandbox_start(@wide);
    my $case = job($sb, 'kraken-embed', [['passport', 'P1', 'a.png'], ['passport', 'P2', 'b.png']]);
    created($case);
    write_file("$case->{folder}/secret.png", "${png}secret");
    unlink "$case->{folder}/docs/b.png";
    symlink '../secret.png', "$case->{folder}/docs/b.png" or die $!;
    my ($counts, $status) = send_documents($case);
    is("$status " . numbers($counts, qw(sent rejected)), '1 sent 1 rejected 1', 'a link out of the folder is not followed: the record is rejected');
    is(at_provider($sb, 'kraken-embed'), '1 0 0', 'one was sent');
    sandbox_stop($sb);
};

subtest 'nothing of a document is in a log, in the ledger or in the report' => sub {
    my $sb = sandbox_start(@wide);
    my $case = job($sb, 'kraken-embed', [['passport', 'PASS-NO-7731', 'a.png']]);
    created($case);
    write_file("$case->{folder}/docs/a.png", $png . 'CONTENT-OF-THE-FILE');
    sandbox_faults($sb, 'status-422:x1@document');
    my ($status, $out, $err) = case_run($case, 'documents', '-v');
    my (undef, $out2, $err2) = case_run($case, 'documents', '-v', '--retry-refused');
    case_run($case, '-q');
    my %text = (log => $err . $err2, output => $out . $out2, map { $_ => read_file($_) } glob "$case->{folder}/test.ledger* " . case_report($case) . '/*');
    for my $name (sort keys %text) {
        unlike($text{$name}, qr/PASS-NO-7731|CONTENT-OF-THE-FILE|a\.png/, "not in $name");
    }
    sandbox_stop($sb);
};

subtest 'a kill between the journal entry and the answer' => sub {
    my $held = scratch_folder();
    my $server = hostile_start(sub {
        my ($socket, $head, $body) = @_;
        if ($head =~ m{/verifications/url}) {
            write_file("$held/body", $body);
            write_file("$held/asked", 1);
            sleep 30 if !-e "$held/go";
            print {$socket} hostile_answer(200, '{"data":{"verification_id":"v-1"}}');
            return;
        }
        print {$socket} hostile_answer(201, '{"data":{"id":"AA45N8G4MLDYWAR7"}}');
    });
    my $case = job($server, 'payward', [['passport', 'P1', "$url/a.png"]]);
    created($case);
    my $pid = case_start($case, 'documents');
    select undef, undef, undef, 0.05 for grep { !-e "$held/asked" } 1 .. 200;
    ok(-e "$held/asked", 'the request is out');
    kill 'KILL', $pid;
    waitpid $pid, 0;
    is_deeply([case_ledger($case, 'SELECT state FROM task')], [['journalled']], 'it is in the ledger');
    my $first = read_file("$held/body");
    write_file("$held/go", 1);
    my ($counts, $status, $err) = send_documents($case);
    is("$status " . numbers($counts, 'sent'), '0 sent 1', 'the next command repeats it') or diag $err;
    is(read_file("$held/body"), $first, 'with the same bytes');
    is_verified($case, 'the ledger is sound');
    hostile_end($server);
};

done_testing;
