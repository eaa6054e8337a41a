#!/usr/bin/perl
# The public names of both programs: every line of contract.txt is still accepted, written or stored. The names come from
# the programs as people use them, never from their sources. A name that is new is a note here, and may be added there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use JSON::PP;
use KycTest;
use KycRun;

my $json = JSON::PP->new->utf8;
my ($import, $sandbox_program) = (program('kyc-import'), program('kyc-sandbox'));
my (%listed, @sections, %found);
for (split /\n/, read_file("$FindBin::Bin/contract.txt")) {
    if (/^\[(.+)\]$/) { push @sections, $1 }
    elsif (/^[^#]/) { push @{$listed{$sections[-1]}}, $_ }
}

sub found { my ($section, @names) = @_; $found{$section}{$_} = 1 for @names; return; }
sub listed { return @{$listed{$_[0]} || []}; }

# The lines of a batch that are accepted: all of them together, or those that are accepted alone.
sub taken
{
    my ($section, $takes, @batches) = @_;
    found($section, $takes->(@$_) ? @$_ : grep { $takes->($_) } @$_) for @batches;
    return;
}

# The names in a decoded JSON text: `plan.create`, `input[].path`; of `email/format` and the like only their form.
sub names_of
{
    my ($value, $path) = @_;
    return map { names_of($_, "$path\[]") } @$value if ref $value eq 'ARRAY';
    return if ref $value ne 'HASH';
    return map {
        my $name = m{^[\w.]+/\w+$} ? 'FIELD/RULE' : /^\d{3}$/ && ($path || '') =~ /by_status$/ ? 'STATUS' : $_;
        my $here = defined $path ? "$path.$name" : $name;
        ($here, names_of($value->{$_}, $here));
    } keys %$value;
}

sub found_json { my ($section, $text) = @_; found($section, names_of($json->decode($text))); return; }

# --- The command lines.

# `run --limit 5` is accepted when `kyc-import run --limit 5 --help` is: nothing is run here.
sub is_command_line
{
    my @words = map { split / / } @_;
    my $command = $words[0] =~ /^-/ ? '' : $words[0];
    return (run_program($import, ($command || ()), (grep { $_ ne $command } @words), '--help'))[0] == 0;
}
sub is_sandbox_line { return (run_program($sandbox_program, (map { split / / } @_), '--help'))[0] == 0; }

# Names that are in the help and not in the list.
sub found_new
{
    my ($section, @names) = @_;
    found($section, grep { my $name = $_; !grep { /^\Q$name\E(?: |$)/ } listed($section) } @names);
    return;
}

my %by_command;
for (listed('kyc-import')) { push @{$by_command{/^([a-z]+)/ ? $1 : $_}}, $_ }
taken('kyc-import', \&is_command_line, values %by_command);
ok(!is_command_line($_), "refused: kyc-import $_") for 'no-such-command', 'run --no-such-option', 'run --progress sometimes', 'check --strict';
for my $command ((run_program($import, 'help'))[1] =~ /^  ([a-z]+) .*$/mg) {
    found_new('kyc-import', $command, map { "$command $_" } (run_program($import, 'help', $command))[1] =~ /^  (-\S+)/mg);
}
sub is_topic { return @_ == 1 && (run_program($import, 'help', @_))[0] == 0; }
taken('help: topics', \&is_topic, [listed('help: topics')]);
ok(!is_topic('no-such-topic'), 'refused: kyc-import help no-such-topic');
found_new('help: topics', map { split /, / } (run_program($import, 'help'))[1] =~ /^    ([a-z]+(?:, [a-z]+)?)(?:, [A-Z]+)? {2,}/mg);
taken('kyc-sandbox', \&is_sandbox_line, [listed('kyc-sandbox')]);
ok(!is_sandbox_line($_), "refused: kyc-sandbox $_") for '--no-such-option', '--payso-dates MM/DD/YYYY', '--fault no-such-fault:5%';
found_new('kyc-sandbox', (run_program($sandbox_program, '--help'))[1] =~ /^  (--\S+)/mg);

# --- The job file: each `KEY: VALUE` in a job of its own, or beside the others of its section.

my $jobs = scratch_folder();
my @needed = qw(email phone first_name last_name date_of_birth address_line1 city postal_code country nationalities);
my %needed = (payward => [qw(birth_city birth_country occupation)], 'kraken-embed' => [qw(occupation tos_version)], payso => ['state'], kira => []);
my @columns = ('external_id', 'text', @needed, @{$needed{payward}});
for (['export', ','], ['other', ','], ['semicolons', ';'], ['tabs', "\t"]) {
    my ($name, $delimiter) = @$_;
    write_file("$jobs/$name.csv", join($delimiter, @columns) . "\n1" . $delimiter x (@columns - 1) . "\n");
}
mkdir "$jobs/documents";
write_file("$jobs/ca.pem", "a certificate\n");
my %credentials = (payward => '{api_key: env:A, api_secret: env:B}', kira => '{api_key: env:A, client_id: env:B, password: env:C}', payso => '{token: env:A}');
$credentials{'kraken-embed'} = $credentials{payward};

sub flow
{
    my ($value) = @_;
    return ref $value ? '{' . join(', ', map { "$_: " . flow($value->{$_}) } sort keys %$value) . '}' : $value;
}

# (exit status, standard error) of `check` of a minimal job with these lines in it.
sub job_check
{
    my ($provider, @lines) = @_;
    my %job = (job => 'test', input => {path => 'export.csv'}, provider => {name => $provider, credentials => $credentials{$provider}},
        fields => {external_id => 'external_id', map { $_ => 'text' } @needed, @{$needed{$provider}}});
    for my $line (@lines) {
        my ($key, $value) = $line =~ /^(\S+): (.*)$/ or die "contract.txt: not KEY: VALUE: $line";
        my ($at, @path) = (\%job, $key =~ /^(fields)\.(.*)/ ? ($1, $2) : split /\./, $key);
        my $last = pop @path;
        $at = $at->{$_} = ref $at->{$_} ? $at->{$_} : {} for @path;
        $at->{$last} = $value;
    }
    # A ledger in PostgreSQL needs a key, and a password such a ledger.
    %job = (ledger => 'postgresql://kyc@127.0.0.1:1/kyc', ledger_key => 'env:A', map { defined $job{$_} ? ($_ => $job{$_}) : () } keys %job)
        if grep { /^ledger(?:_password: |: postgresql)/ } @lines;
    $job{ledger} = 'postgresql://kyc@127.0.0.1:1/kyc' if defined $job{ledger_password};
    write_file("$jobs/job.yaml", join '', map { "$_: " . flow($job{$_}) . "\n" } sort keys %job);
    my ($status, undef, $err) = run_program($import, 'check', "$jobs/job.yaml", '-q');
    return ($status, $err);
}

# Not status 2; other statuses are allowed, such as for an input that this job cannot read.
sub is_taken { return (job_check(@_))[0] != 2; }

for my $section (grep { /^job file/ } @sections) {
    my ($provider) = $section =~ /of (\S+)$/;
    $provider ||= 'payward';
    my (@batches, %times, %words);
    for (listed($section)) {
        my ($key, $value) = /^(\S+): (.*)$/;
        push @{$batches[$times{$key}++]}, $_;
        push @{$words{$key}}, $value;
    }
    taken($section, sub { is_taken($provider, @_) }, @batches);
    my %listed_for_all = map { /^(\S+:)/ ? ($1 => 1) : () } listed('job file');
    for (['provider', 'Settings'], ['fields', 'Fields']) {
        my ($key, $title) = @$_;
        my ($rows) = (run_program($import, 'help', $provider))[1] =~ /^$title.*\n\n((?:  .*\n)+)/m or next;
        found_new($section, grep { !$listed_for_all{$_} } map { "$key.$_:" } grep { !/NAME$/ } $rows =~ /^  (\w\S*)/mg) if $section =~ / of /;
    }
    my %above = map { /^(.*?)[^.]*$/ ? ($1 => 1) : () } grep { !/^fields\..*\./ } keys %words;
    for my $above (sort keys %above) {
        ok(!is_taken($provider, "${above}no_such_name: text"), "[$section] refused: ${above}no_such_name");
    }
    for my $key (sort grep { !/^fields/ && @{$words{$_}} > 1 && !grep { !/^[a-z]+$/ || /^(?:true|false)$/ } @{$words{$_}} } keys %words) {
        ok(!is_taken($provider, "$key: no_such_word"), "[$section] refused: $key: no_such_word");
    }
}

# --- What runs write: reports, output of the commands, the ledger.

# A ledger's tables and columns, and the words in the columns that contain words.
my @words = qw(customer.state customer.operation customer.twin customer.verification event.operation event.outcome run.command meta.key task.kind
    task.state);

sub found_ledger
{
    my ($case) = @_;
    my @queries = map { my ($table, $column) = split /\./; "SELECT DISTINCT 'ledger: words', '$_: ' || $column FROM $table WHERE $column IS NOT NULL" } @words;
    # A code beside a status of a failure is the provider's own.
    push @queries, map { "SELECT DISTINCT 'ledger: words', '$_.code: ' || code FROM $_ WHERE code <> '' AND coalesce(http_status, 0) < 300" } qw(customer event);
    push @queries, "SELECT 'ledger: columns', m.name || '.' || c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'";
    push @queries, "SELECT DISTINCT 'ledger: run.inputs', '[].' || k.key FROM run, json_each(run.inputs) AS j, json_each(j.value) AS k WHERE run.inputs <> ''";
    found(@$_) for case_ledger($case, join ' UNION ALL ', @queries);
    return;
}

sub found_metrics
{
    my ($case) = @_;
    my $text = read_file(case_metrics($case));
    found('metrics.prom', map { s/\{import="[^"]*",command="[^"]*"/{import,command/r =~ s/rule="[^"]*"/rule="FIELD\/RULE"/r } $text =~ /^(\w+\{.*\})/mg);
    return;
}

# The files of a job beside its input, by their paths from the job's folder.
sub found_files
{
    my ($case) = @_;
    my (undef, $out) = run_program('find', $case->{folder}, '-type', 'f', '-printf', '%P\n');
    found('files', map { s/ledger-[^.]*\.head/ledger-HASH.head/r =~ s/\btest\b/JOB/gr =~ s{\bhistory/\d[^/]*}{history/TIME}r } grep { !/^(?:export|job|err|out|cut|resolve)\b|-(?:wal|shm)$/ } split /\n/, $out);
    return;
}

# The files that a `run` or `check` has written.
sub found_report
{
    my ($case) = @_;
    my $summary = read_file(case_report($case) . '/summary.json');
    found_json('summary.json', $summary);
    my $decoded = $json->decode($summary);
    found('rules', map { m{/(.*)} ? $1 : () } map { keys %$_ } @$decoded{qw(rejects_by_rule warnings_by_rule)});
    found_metrics($case);
    found_files($case);
    return $decoded;
}

# The files of a refresh.
sub found_refresh
{
    my ($case) = @_;
    case_run($case, 'refresh', '-q');
    found_json('refresh.json', read_file(case_report($case) . '/refresh.json'));
    found('refresh.prom', map { s/\{import="[^"]*"/{import/r } read_file("$case->{folder}/metrics/test.refresh.prom") =~ /^(\w+\{.*\})/mg);
    return;
}

sub found_results
{
    my ($case) = @_;
    found('results --format csv', split /,/, (split /\n/, (case_run($case, 'results', '--format', 'csv'))[1])[0]);
    for my $text (split /\n/, (case_run($case, 'results', '--format', 'ndjson'))[1]) {
        my $line = $json->decode($text);
        found('results --format ndjson', keys %$line, "state: $line->{state}");
    }
    return;
}

# With a test of its notification.
sub found_probe
{
    my ($case) = @_;
    my ($told, $program, $job) = map { "$case->{folder}/$_" } qw(told.json tell job.yaml);
    my $text = read_file($job);
    write_file($program, "#!/bin/sh\ncat > '$told'\n");
    chmod 0755, $program or die "$program: $!";
    write_file($job, "$text\nnotify: {command: ./tell}\n");
    my $probed = (case_run($case, 'probe', '--json', '--notify'))[1];
    write_file($job, $text);
    found('notification', keys %{$json->decode(read_file($told))}) if -e $told;
    found_json('probe --json', $probed);
    found('probe --json', map { ("name: $_->{name}", "state: $_->{state}") } @{$json->decode($probed)->{lines}});
    return;
}

# The log's JSON, by lines.
sub found_log
{
    my ($err) = @_;
    for (map { $json->decode($_) } split /\n/, $err) { found('--log-format json', keys %$_, "level: $_->{level}") }
    return;
}

sub control
{
    my ($sandbox, $path, $name, $content) = @_;
    sandbox_control($sandbox, 'POST', "/_sandbox/$path$name", $content);
    found('kyc-sandbox: requests', "POST /_sandbox/$path" . ($name eq '' ? '' : 'ID'));
    return;
}

# Runs to its end; with a situation, its status counts as found.
sub end
{
    my ($case, $situation, @command) = @_;
    my ($status, $out, $err) = case_run($case, @command);
    found('exit statuses', "$status $situation") if defined $situation;
    return ($status, $out, $err);
}

# A job of each provider over several runs: creates with every kind of answer, updates, duplicates, users given by a person.
sub nights
{
    my ($provider) = @_;
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000, '--conflicts', 'name-user', '--payso-unique', 'email', '--kira-unique', 'external_id');
    my $case = case_new($sandbox, provider => $provider, rows => 12, bad => 1, set => {'delivery.attempts' => 1, 'delivery.in_doubt' => 'hold',
        'delivery.stop_after.updated_share' => '100%', 'delivery.stop_after.twins' => '100%', 'delivery.timeout' => '5s',
        $provider eq 'payso' ? ('provider.settle_after' => '1ms') : ()});
    found('kyc-sandbox: printed', map { s{(?:http://|\bdemo-|\bdGhp)[^\s,]+}{...}gr } split /\n/, $sandbox->{out});
    my $csv = read_file("$case->{folder}/export.csv");
    my $export = sub { write_file("$case->{folder}/export.csv", $csv = $_[0]) };
    my ($first, $second) = $csv =~ /^cust-00000[12],(.*)$/mg;
    my $rest = $first =~ s/^(?:[^,]*,){3}//r;
    my $users = sub { return map { ($_->{external_id} || $_->{email} =~ s/@.*//r) => $_->{id} } sandbox_users($sandbox, $provider) };
    end($case, undef, 'check', '-q');
    found_report($case);

    sandbox_faults($sandbox, 'drop:x1@create', 'status-429:x1@create', 'status-422:x1@create', 'warning:x1@create');
    end($case, 'a row needs a look', '-q');
    found_report($case);
    found_ledger($case);
    my ($counts) = case_ledger($case, 'SELECT counts FROM run ORDER BY id DESC LIMIT 1');
    is_deeply([sort(names_of($json->decode(join '|', @$counts)))], [sort(names_of(case_summary($case)))], "$provider: run.counts has the names of summary.json");
    found_json('status --json', (case_run($case, 'status', '--json', '--max-age', '26h'))[1]);
    found_results($case);
    found('rejects.csv.gz: columns', map { /^(.*)$/m ? grep { /^kyc_/ } split /,/, $1 : () } case_rejects($case));

    $case->{set}{'delivery.attempts'} = 4;
    $case->{set}{'delivery.in_doubt'} = 'settle';
    end($case, undef, '-q', '--retry-refused');
    $export->($csv =~ s/^bad-.*\n//mgr);
    end($case, 'every row is valid and done', '-q');

    $export->($csv =~ s/1 Market St/2 Market St/gr =~ s/computers_and_it$/finance/gmr);
    $export->($csv =~ s/^(cust-000004,.*?)cust-000004\@/$1other-4\@/mr); # an e-mail that payward and kraken-embed do not change
    my %id = $users->();
    if ($provider eq 'kira') {
        # One that refuses another name, and one whose occupation is unknown now.
        control($sandbox, 'verify/', $id{'cust-000005'}, '');
        $export->($csv =~ s/^cust-000005,Alex,\w+/cust-000005,Alexa,Other/mr =~ s/^(cust-000006,.*),\w+$/$1,/mr);
    }
    # One after the other, so that a login has served a create when it ends.
    $export->($csv =~ s/\n/\nfirst-1,Sam,Smith,first-1\@example.com,$rest\n/r);
    sandbox_faults($sandbox, 'not-taken:x1@update', $provider eq 'kira' ? 'status-401:x1@update' : ());
    end($case, undef, '-q', '--set', 'delivery.in_flight=1');
    found_report($case);

    # Duplicates: the first two customers under other keys, one of them with their e-mail, the other without.
    my $known = $csv;
    $export->("${csv}new-1,$first\nnew-2,$second\nnew-3,$first\n" =~ s/^(new-3),Alex/$1,Alexandra/mr);
    end($case, undef, '-q', '--set', 'delivery.canary=3');
    found_report($case);
    found_ledger($case);
    end($case, undef, 'resolve', '--key', 'new-1', '--same-as', 'cust-000001');
    end($case, undef, 'resolve', '--key', 'new-2', '--absent');
    control($sandbox, 'remove', '', $id{'cust-000007'});
    found_json('status --json', (case_run($case, 'status', '--json', '--verify', '--against-provider', '--max-age', '26h'))[1]);
    found_probe($case);
    found_refresh($case);
    found_files($case);
    found_ledger($case);
    found_results($case);
    if ($provider eq 'payso') {
        # Whether a file with this header is read; one with another is not.
        my $is_read = sub {
            my ($option, $header) = split / /, $_[0];
            write_file("$case->{folder}/resolve.csv", "$header\nno-such-1,no-such-2\n");
            return (case_run($case, 'resolve', $option, "$case->{folder}/resolve.csv", '-q'))[0] <= 1;
        };
        taken('resolve: columns', $is_read, map { [$_] } listed('resolve: columns'));
        ok(!$is_read->($_), "refused: kyc-import resolve $_") for '--from external_id,no_such_column', '--rekey old_external_id,no_such_column';
    }
    my $user = $id{'cust-000001'} =~ s/ /%20/gr;
    control($sandbox, 'later', '', '1s');
    sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=$provider&user=$user&state=needs_action", '');
    found('kyc-sandbox: requests', 'POST /_sandbox/verification');
    control($sandbox, 'visit', '', payso_request($sandbox, 'POST', "/users/$user/kycs")->{json}{kyc}{url}) if $provider eq 'payso';
    found('GET /_sandbox', names_of(sandbox_counts($sandbox)->{$provider}));
    found('GET /_sandbox/users/PROVIDER', map { grep { !/^body\./ } names_of($_) } sandbox_users($sandbox, $provider));

    # The key column is reformatted: the run stops. Then logins end, nonces are refused, credentials too, and no answer arrives.
    $export->($known =~ s/^cust-/c-/gmr);
    end($case, undef, '-q', '--set', 'delivery.stop_after.twins=10%');
    found_report($case);
    $export->($known . join '', map { "more-$_,Sam,Smith$_,more-$_\@example.com,$rest\n" } 1 .. 4);
    sandbox_faults($sandbox, 'status-401:x1@create') if $provider ne 'kira';
    $case->{set}{'delivery.attempts'} = 1;
    end($case, undef, '-q');
    if ($provider =~ /^(?:payward|kraken-embed)$/) {
        signed_request($sandbox, 'POST', "/$provider/v1/none", '', nonce => next_nonce() + 3600 * 10 ** 9);
        end($case, undef, '-q');
    }
    control($sandbox, 'revoke-keys', '', '');
    end($case, 'the provider stops the run', '-q', '--retry-refused');
    control($sandbox, 'restore-keys', '', '');
    control($sandbox, 'reset', '', '');
    control($sandbox, 'revoke-tokens', '', '');
    sandbox_stop($sandbox);
    found_probe($case);
    found_log((end($case, undef, '-v', '--log-format', 'json', '--set', 'delivery.retry_for=10ms'))[2]);
    found_ledger($case);
    return;
}

# A part that dies fails by itself; the names that were not found are reported all the same.
sub part { my ($name, $part) = @_; eval { $part->(); 1 } or fail("$name: $@"); return; }

for my $provider (provider_names()) {
    part($provider, sub { nights($provider) });
}

# What kira answers to a create of its own success.
part('answers', sub {
    my $sandbox = sandbox_start('--seed', 3, map { ('--fault', "$_:x1\@create") } qw(link-error rejected not-triggered));
    my $case = case_new($sandbox, provider => 'kira', rows => 1, set => {'fields.verification_mode' => '{value: verification_link}'});
    for my $rows (1 .. 3) {
        write_file("$case->{folder}/export.csv", csv_rows($rows));
        $case->{set}{'fields.verification_mode'} = '{value: automatic}' if $rows == 3;
        end($case, undef, '-q');
        found_report($case);
        found_ledger($case);
    }
    write_file("$case->{folder}/export.csv", csv_rows(4));
    $case->{set}{'fields.verification_mode'} = '{value: verification_link}';
    end($case, undef, '-q', '--set', 'delivery.on_change=ignore');
    found_report($case);
    sandbox_stop($sandbox);
});

# The rules: every one that a row can violate, in the reports of checks.
my $nowhere = {url => 'http://127.0.0.1:9', out => join '', map { "sandbox: $_\n" } 'payward: api_key a, api_secret b', 'kira: api_key a, client_id b, password c'};

sub checked
{
    my ($csv, %option) = @_;
    my $case = case_new($nowhere, csv => $csv, %option);
    end($case, undef, 'check', '-q', @{$option{more} || []});
    found_report($case);
    return $case;
}

part('recovery', sub {
    my $sandbox = sandbox_start();
    my $case = case_new($sandbox, provider => 'kira', rows => 3);
    end($case, undef, '-q');
    end($case, undef, 'backup', "$case->{folder}/b");
    end($case, undef, 'forget', '--key', 'cust-000001');
    found_ledger($case);
    end($case, undef, 'check', '-q');
    found_report($case);
    end($case, undef, 'restore', "$case->{folder}/b");
    found_ledger($case);
    sandbox_stop($sandbox);
});

part('rules', sub {
    my $project = "$FindBin::Bin/../..";
    my $folder = scratch_folder();
    for (['every-defect.yaml'], ['customers-ndjson.yaml', '--input', "$project/samples/customers-dirty.ndjson.gz"]) {
        my ($job, @more) = @$_;
        (undef, my $out) = run_program($import, 'check', "$project/samples/$job", '--json', '-q', '--report', "$folder/$job", '--set', "ledger=sqlite:$folder/none.ledger", @more);
        found_json('summary.json', $out);
        found('rules', grep { !/^(?:disposable|test_data)$/ } map { m{/(.*)} } map { keys %$_ } @{$json->decode($out)}{qw(rejects_by_rule warnings_by_rule)});
        found('files', map { "reports/JOB/$_" } split /\n/, (run_program('ls', "$folder/$job/check"))[1] =~ s/^/check\//gmr);
    }
    my ($line) = split /\n/, (run_program('gunzip', '-c', "$folder/customers-ndjson.yaml/check/rejects.ndjson.gz"))[1];
    found('rejects.ndjson.gz: members', grep { /^kyc_/ } keys %{$json->decode($line)});
    checked(csv_rows(1) =~ s/,US,US,/,RU,RU,/r, provider => 'kira');
    checked(csv_rows(1) =~ s/,US,US,/,US,US|DE,/r, provider => 'kira', more => ['--set', "fields.nationalities={column: nats, split: '|'}"]);
    checked(csv_rows(1) =~ s/1990-04-15/1990-04-15T05:00:00Z/r);
    checked(csv_rows(1) =~ s/,other\n|,computers_and_it\n/,\xff\n/r, more => ['--set', 'input.where=[{column: job_title, must_match: .}]']);
    checked(csv_rows(1) =~ s/1 Market St/'1 Market St/r);
    checked(csv_rows(1) =~ s/\+\d+/4155550110.0/r);
    checked(csv_rows(2), more => ['--set', 'input.csv.skip_footer=1']);
    checked(csv_rows(1) . csv_rows(0));
    checked(csv_rows(1), more => ['--set', 'fields.first_name={column: given_name, match: x}']);
    my $case = checked(csv_rows(2));
    run_program('sh', '-c', 'gzip -c "$1/export.csv" | head -c 150 > "$1/cut.csv.gz"', 'sh', $case->{folder});
    end($case, undef, 'check', '-q', '--input', "$case->{folder}/cut.csv.gz");
    found_report($case);
    case_run($case, 'check', '-q', '--shard', '0/1', '--shard-key', 'env:PATH');
    my @shard = grep { -e "$case->{folder}/" . s/JOB/test/r } map { "reports/JOB/check/shard-0-of-1/$_" } qw(keys.bin shard.json);
    found('files', @shard);
    found('exit statuses', (case_run($case, 'check', '--input', "$case->{folder}/missing.csv"))[0] . ' the input cannot be read');
    found('exit statuses', (case_run($case, 'run', '--no-such-option'))[0] . ' the command line is wrong');
    found('exit statuses', (case_run($case, 'run', '--set', 'delivery.no_such_key=1'))[0] . ' the job file is wrong');
    found_log((case_run($case, 'check', '--log-format', 'json', '-v', '--input', "$case->{folder}/missing.csv"))[2]);
});

# What becomes of a create and of an update in doubt, and of a customer with a new key.
part('in doubt', sub {
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    my $case = case_new($sandbox, rows => 2, set => {'delivery.attempts' => 1, 'delivery.in_doubt' => 'hold', 'delivery.stop_after.updated_share' => '100%'});
    my $csv = read_file("$case->{folder}/export.csv");
    my $street = sub { write_file("$case->{folder}/export.csv", $csv = $csv =~ s/\d Market St/$_[0] Market St/gr) };
    sandbox_faults($sandbox, 'drop:x1@create');
    end($case, undef, '-q');
    $case->{set}{'delivery.in_doubt'} = 'settle';
    $street->(2);
    end($case, undef, '-q');
    sandbox_faults($sandbox, 'drop:x1@update');
    $street->(3);
    end($case, undef, '-q') for 1, 2;
    end($case, undef, 'resolve', '--key', 'new-2', '--same-as', 'cust-000002');
    write_file("$case->{folder}/export.csv", $csv =~ s/^cust-000002/new-2/mr);
    end($case, 'every row is valid and done', '-q');
    found_ledger($case);
    sandbox_stop($sandbox);
});

# Verification links: one is made, one is in doubt and repeated, one is refused; then another one for the first.
part('links', sub {
    my $sandbox = sandbox_start();
    my $case = case_new($sandbox, provider => 'kira', rows => 5, set => {'delivery.attempts' => 1, 'delivery.in_flight' => 1});
    end($case, undef, '-q');
    my @users = map { $_->[0] } case_ledger($case, 'SELECT user_id FROM customer ORDER BY id');
    my $states = sub { sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=kira&user=$users[$_]&state=$_[$_]", '') for grep { $_[$_] } 0 .. $#_ };
    $states->(qw(needs_action needs_action needs_action verified rejected));
    case_run($case, 'refresh', '-q');
    found_json('refresh.json', read_file(case_report($case) . '/refresh.json'));
    sandbox_faults($sandbox, 'drop:x1@link', 'status-422:x1@link');
    case_run($case, 'links', '-q', '--only', 'action_needed') for 1, 2;
    my $tasks = sub { return join ' ', map { $_->[0] } case_ledger($case, 'SELECT state FROM task ORDER BY id') };
    is($tasks->(), 'done refused done', 'links: one is refused');
    found_ledger($case);
    $states->(('in_review') x 2);
    case_run($case, 'refresh', '-q');
    $states->(('needs_action') x 2);
    case_run($case, 'refresh', '-q');
    case_run($case, 'links', '-q', '--only', 'action_needed');
    found_ledger($case);
    is($tasks->(), 'done done done', 'links: and made when the provider asks for something again');
    sandbox_stop($sandbox);
});

# A killed run, a run beside another, an interrupted one, and runs with a damaged or missing ledger.
part('broken off', sub {
    my $sandbox = sandbox_start('--latency', '400ms');
    my $case = case_new($sandbox, rows => 100, set => {'delivery.rate' => '40/s', 'delivery.burst' => 1});
    # Starts a run, and waits for so many requests at the provider.
    my $start = sub {
        my ($count) = @_;
        sandbox_reset($sandbox);
        my $pid = case_start($case, '-q');
        for (1 .. 1000) {
            return $pid if sandbox_counts($sandbox)->{payward}{requests} >= $count;
            select undef, undef, undef, 0.03;
        }
        die 'nothing was sent';
    };
    my $pid = $start->(1);
    end($case, 'another run is under way', '-q');
    kill 'KILL', $pid;
    waitpid $pid, 0;
    found_ledger($case);
    $pid = $start->(6);
    kill 'TERM', $pid;
    waitpid $pid, 0;
    found('exit statuses', ($? >> 8) . ' interrupted');
    found_report($case);
    sandbox_stop($sandbox);
    for my $sql ("DELETE FROM customer WHERE id = 1", "UPDATE customer SET attempts = 99 WHERE id = 2", "UPDATE event SET http_status = 299 WHERE id = 2",
        "DELETE FROM event WHERE id = (SELECT max(id) FROM event WHERE attempt > 0)", "UPDATE run SET chain_head = 'x' WHERE id = 2",
        "INSERT INTO task VALUES (1, 2, 'link', '', 'done', NULL, NULL, 1, 201, NULL, 1, 1)") {
        case_sql($case, $sql);
    }
    my $verified = (case_run($case, 'status', '--verify', '--json'))[1];
    found_json('status --json', $verified);
    found('status --verify: kinds', map { $_->{kind} } @{$json->decode($verified)->{verify}{findings}});
    unlink "$case->{folder}/test.ledger";
    end($case, 'the ledger is missing', '-q');
});

# --- Listed names must be found; found names that are not listed are new.

for my $section (@sections) {
    my @lost = grep { !$found{$section}{$_} } listed($section);
    ok(!@lost, "[$section] all " . listed($section) . ' names') or diag map { "no longer there: [$section] $_\n" } @lost;
}
for my $section (sort keys %found) {
    my %known = map { $_ => 1 } listed($section);
    note("new public name: [$section] $_") for sort grep { !$known{$_} } keys %{$found{$section}};
}
done_testing;
