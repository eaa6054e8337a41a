#!/usr/bin/perl
# Ten days of an onboarding at each provider, in the sandbox's time: every day brings new rows, changed rows and documents;
# users are verified, rejected or must act; links are made, visited and made again. All along, every command is killed at
# random moments, answers are lost or late, and the provider is killed. Even so, at the end of each day the ledger has the
# state that the provider has, each document is at the provider, and each need has its link: once where requests have
# idempotency keys, else at most once more for each answer that was lost.
#
#   ten_days.t [PROVIDER…]     KYC_SEED=N repeats what a failure printed; KYC_ROWS customers, KYC_DAYS days, KYC_KILLS of a command a day
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::SHA qw(sha256 sha256_hex);
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;
use KycParallel;
use KycProof;

my $json = JSON::PP->new->utf8->canonical;
my $seed = $ENV{KYC_SEED} || int(time) % 1_000_000 * 100;
my $rows = $ENV{KYC_ROWS} || (proof_is_long() ? 1000 : 60);
my $days = $ENV{KYC_DAYS} || (proof_is_long() ? 10 : 3);
my $kills = $ENV{KYC_KILLS} || (proof_is_long() ? 3 : 1);
my @providers = @ARGV ? @ARGV : qw(payso kira kraken-embed payward);

my %task_of = (kira => 'links', payso => 'links', payward => 'documents', 'kraken-embed' => 'documents');
my $in_flight = 4;
# Answers that a kill can lose: those on their way, and as many that have come and are not committed.
my $lost_by_kill = 2 * $in_flight;
my $png = "\x89PNG\r\n\x1a\n";
# What each state of the sandbox is in the ledger.
my %ledger_state = (unverified => 'pending', started => 'pending', in_review => 'pending', needs_action => 'action_needed',
    verified => 'verified', rejected => 'rejected', deleted => 'deleted');

my $began = time;
my %total = (faults => 0, runs => 0, expected => 0, made => 0, duplicates => 0, lost => 0, over_limit => 0);
my ($deaths, $struck, %killed) = (0, 0);
my $number = 0;
for my $result (parallel_map(proof_is_long() ? 3 : 4, \&play, map { {provider => $_, seed => $seed + $number++} } @providers)) {
    my $item = $result->{item};
    is($result->{died}, undef, "$item->{provider}, seed $item->{seed}: ran to its end") or next;
    is_deeply($result->{problems}, [], "$item->{provider}, seed $item->{seed}: $result->{summary}")
        or diag "again: KYC_SEED=$item->{seed} tests/crash/ten_days.t $item->{provider}";
    note "$item->{provider}: $result->{summary}";
    $total{$_} += $result->{figures}{$_} || 0 for keys %total;
    $killed{$_} += $result->{killed}{$_} for keys %{$result->{killed}};
    $deaths += $result->{deaths};
    $struck += $result->{struck};
}
note sprintf 'killed: %s, the provider %d; answers that went wrong: %d; %d commands, %.1f s',
    join(', ', map { "$_ $killed{$_}" } sort keys %killed), $deaths, $struck, $total{runs}, time - $began;
my %commands = map { $_ => 1 } qw(run refresh), map { $task_of{$_} } @providers;
cmp_ok($killed{$_} || 0, '>', 0, "killed $_: " . ($killed{$_} || 0)) for sort keys %commands;
cmp_ok($struck, '>', 0, "answers went wrong: $struck");
is($total{duplicates}, 0, 'no customer has two users');
is($total{lost}, 0, 'no customer is lost');
is($total{over_limit}, 0, 'never over the limit');
proof_add('ten days of onboarding', %total);
my %none = map { $_ => 0 } proof_columns();
proof_add('  the provider killed in these days', %none, faults => $deaths);
proof_add('  answers lost, late, resets, 500', %none, faults => $struck);
done_testing;

# All days of a provider.
sub play
{
    my ($item, $number) = @_;
    srand $item->{seed};
    my $provider = $item->{provider};
    my $state = {provider => $provider, task => $task_of{$provider}, tag => "$$-$number", port => free_port(), folder => scratch_folder(),
        customers => [], problems => [], killed => {}, runs => 0, deaths => 0, attempts => 0, seen => {}, life => {}, links => {}, need => {},
        documents => {}, wanted => {}, command => ''};
    start_provider($state);
    $state->{case} = new_job($state);
    for my $day (1 .. $days) {
        $state->{day} = $day;
        $state->{calm} = $day % 3 == 0;    # nothing goes wrong on these days, so nothing may be sent twice
        morning($state);
        for my $command (qw(run refresh), $state->{task}) {
            disturb($state, $command) if !$state->{calm};
            complete($state, $command);
            noon($state) if $command eq 'run';
        }
        $state->{task} eq 'links' ? check_links($state) : check_documents($state);
        visit_links($state) if $state->{task} eq 'links';
        # A refresh does not request verified users by themselves, and some of them must act again.
        complete($state, 'refresh', '--only', 'unknown,pending,action_needed,rejected,verified');
        check_users($state);
        check_rest($state);
        night($state);
        last if @{$state->{problems}};
    }
    add_counts($state);
    my $seen = $state->{seen};
    push @{$state->{problems}}, map { "$seen->{$_} $_" } grep { $seen->{$_} } qw(over_limit bad_nonces bad_signatures);
    sandbox_stop($state->{sandbox});
    my %figures = (faults => 0, runs => $state->{runs}, expected => scalar @{$state->{customers}}, map { $_ => $state->{$_} || 0 } qw(made duplicates lost));
    $figures{faults} += $_ for values %{$state->{killed}};
    $figures{over_limit} = $seen->{over_limit} || 0;
    return {problems => $state->{problems}, figures => \%figures, killed => $state->{killed}, deaths => $state->{deaths},
        struck => $seen->{faults} || 0, summary => sprintf('%d days, %d customers, %d kills, %d of the provider, %d faults, %d requests, %s: the same states',
            $days, scalar @{$state->{customers}}, $figures{faults}, $state->{deaths}, $seen->{faults} || 0, $seen->{requests} || 0, $state->{sent} || 'nothing')};
}

sub problem
{
    my ($state, @what) = @_;
    push @{$state->{problems}}, map { "day $state->{day}: $_" } @what > 5 ? (@what[0 .. 4], @what - 5 . ' more') : @what;
}

sub start_provider
{
    my ($state) = @_;
    # Users are decided in the second pass_time() after their create, never in between.
    $state->{sandbox} = sandbox_start('--listen', "127.0.0.1:$state->{port}", '--key-tag', $state->{tag}, '--state', "$state->{folder}/state",
        '--rate', '300/s', '--nonce-window', 10_000_000_000, '--latency', '1ms..8ms', '--slow-for', '1500ms', '--seed', int rand 1_000_000,
        '--verify-after', '13h..23h', '--reject-share', '2%', '--action-share', '20%');
    $state->{case}{sandbox} = $state->{sandbox} if $state->{case};
}

sub counts { return sandbox_counts($_[0]{sandbox})->{$_[0]{provider}}; }
sub users { return sandbox_users($_[0]{sandbox}, $_[0]{provider}); }
# payso has no external id: its users are identified by the e-mail, which begins with the key.
sub key_of { return $_[0]{external_id} || $_[0]{email} =~ s/@.*//r; }

# Adds up the provider's counters since the last time.
sub add_counts
{
    my ($state) = @_;
    my $counts = counts($state);
    sandbox_reset($state->{sandbox});
    $state->{seen}{$_} += $counts->{$_} for qw(over_limit bad_nonces bad_signatures requests);
    $state->{seen}{faults} += $_ for values %{$counts->{faults}};
    $state->{seen}{by_operation}{$_} += $counts->{by_operation}{$_} for keys %{$counts->{by_operation}};
    lose($state, $_) for map { $counts->{faults}{$_} || 0 } qw(drop slow);
    return $counts;
}

# Counts answers that were lost to the command whose operations may then be done twice: a link of payso and a document are
# sent again, and of a create of kira the link is known from its answer alone.
sub lose
{
    my ($state, $count) = @_;
    $state->{lost_answers} += $count if $state->{command} eq ($state->{provider} eq 'kira' ? 'run' : $state->{task});
}

sub new_job
{
    my ($state) = @_;
    my $provider = $state->{provider};
    my $case = case_new($state->{sandbox}, provider => $provider, rows => 0, csv => '', set => {'delivery.rate' => '300/s', 'delivery.burst' => 5,
        'delivery.in_flight' => $in_flight, 'delivery.timeout' => '10s', 'delivery.stop_after.updated_share' => '100%',
        $state->{task} eq 'documents' ? ('provider.verifier' => 'Example Checks') : ()});
    return $case if $provider eq 'payso';
    mkdir "$case->{folder}/docs" or die $!;
    my $yaml = read_file("$case->{folder}/job.yaml");
    $yaml =~ s/^(  base_url)/  documents: docs\n$1/m if $provider ne 'payward';
    $yaml .= "  verification_mode: mode\n" if $provider eq 'kira';
    write_file("$case->{folder}/job.yaml", $yaml . <<'YAML');
  documents:
    - {type: {value: passport}, number: id_no, country: {value: US}, files: {front: front}}
    - {type: {value: utility_bill}, number: bill_no, country: {value: US}, files: {file_proof_of_address: bill}}
YAML
    return $case;
}

sub some { my ($share, @of) = @_; return grep { rand() < $share } @of; }

# The day's export: new rows, changed streets, more documents.
sub morning
{
    my ($state) = @_;
    my ($provider, $customers) = @$state{qw(provider customers)};
    # kira refuses to update a verified user.
    my %verified = map { key_of($_) => 1 } grep { $provider eq 'kira' && $_->{state} eq 'verified' } users($state);
    my @old = grep { !$verified{$_->{key}} && !$_->{deleted} } @$customers;
    for my $customer ($provider eq 'payso' ? () : some(0.05, @old)) {
        $customer->{street} = int(rand 90) + 10 . ' Market St';
    }
    my $wanted = $days > 1 ? int $rows * (0.5 + 0.5 * ($state->{day} - 1) / ($days - 1)) : $rows;
    my @new = map { {key => sprintf('cust-%06d', $_), street => '1 Market St', mode => $_ % 2 ? 'verification_link' : ''} } @$customers + 1 .. $wanted;
    push @$customers, @new;
    if ($provider ne 'payso') {
        add_document($state, $_, 'front') for some(0.3, @new), some(0.05, @old);
        add_document($state, $_, 'bill') for some(0.05, @new, @old);
    }
    my ($head, @lines) = split /\n/, csv_rows(scalar @$customers);
    for my $i (0 .. $#lines) {
        my $customer = $customers->[$i];
        $lines[$i] =~ s/1 Market St/$customer->{street}/;
        $lines[$i] .= ",$customer->{mode}" . join '', map { $customer->{$_} ? ",$_-$i,$customer->{$_}" : ',,' } qw(front bill);
    }
    my $bad = csv_rows(1, 1) =~ /^(bad-.*)$/m ? "$1,,,,," : die 'no bad row';
    write_file("$state->{case}{folder}/export.csv", join '', map { "$_\n" } "$head,mode,id_no,front,bill_no,bill", @lines, $bad);
}

# A document that is new or, where the customer had one, another one; and what the provider shall have of it: the digest that
# the sandbox keeps.
sub add_document
{
    my ($state, $customer, $kind) = @_;
    my ($provider, $key) = ($state->{provider}, $customer->{key});
    my $version = ++$customer->{"${kind}_version"};
    if ($provider eq 'payward' || ($provider eq 'kraken-embed' && $kind eq 'bill')) {
        my $url = "https://files.example.com/$key-$kind-$version.png";
        $customer->{$kind} = "$url?X-Amz-Signature=$version";
        $state->{wanted}{$key}{sha256_hex(($kind eq 'front' ? 'front_url' : 'document_url') . $url)} = 1;
    } else {
        my $content = "$png$key $kind $version";
        $customer->{$kind} = "$key-$kind.png";
        write_file("$state->{case}{folder}/docs/$key-$kind.png", $content);
        $customer->{"${kind}_content"} = $content;
        $state->{wanted}{$key}{sha256_hex(($kind eq 'front' ? 'front' : 'document') . $content)} = 1;
    }
}

# Faults that a command can meet. A create of kraken-embed whose answer is lost can only be resolved by a person, and a link
# of payso that is made late would not be the last one that was asked for.
sub faults_of
{
    my ($state, $command) = @_;
    my @faults = ('status-500:4%', 'reset:3%');
    push @faults, 'drop:10%@link', 'drop:10%@document' if $command ne 'run';
    push @faults, 'rejected:1%@create' if $command eq 'run';
    push @faults, 'link-error:15%@create' if $command eq 'run' && $state->{provider} eq 'kira';
    return (@faults, 'drop:4%@update', 'slow:1%@update') if $command eq 'run' && $state->{provider} eq 'kraken-embed';
    return (@faults, 'drop:5%', $command eq 'links' && $state->{provider} eq 'payso' ? () : 'slow:1%');
}

# Settings for as long as there are faults: a late answer comes too late, and a create in doubt waits for it.
sub settings
{
    my ($state, $command) = @_;
    return {%{$state->{case}{set}}, $command eq 'links' && $state->{provider} eq 'payso' ? () : ('delivery.timeout' => '1s'),
        $state->{provider} eq 'payso' ? ('provider.settle_after' => '3s') : ()};
}

# Kills a command, and now and then the provider, at random moments while answers go wrong.
sub disturb
{
    my ($state, $command) = @_;
    local $state->{case}{set} = settings($state, $command);
    sandbox_faults($state->{sandbox}, faults_of($state, $command));
    $state->{command} = $command;
    my $made = 0;
    for (my $attempt = 0; $made < $kills && $attempt < 6 * $kills; $attempt++) {
        my $pid = case_start($state->{case}, $command, '-q');
        $state->{runs}++;
        # How long this command lives is not known, so it is learned from how often it lived longer.
        my $life = \($state->{life}{$command} ||= 0.3);
        my ($death, $end) = sort { $a <=> $b } map { 0.02 + rand $$life } 1, 2;
        if (++$state->{attempts} % 5 == 2) {
            sleep $death;
            kill_provider($state, $command);
            $end -= $death;
            sleep $end;
        } elsif ($command eq $state->{task} && $attempt % 2 == 0) {
            await_requests($state, $pid);
        } else {
            sleep $end;
        }
        kill 'KILL', $pid;
        waitpid $pid, 0;
        my $killed = ($? & 127) == 9;
        $$life *= $killed ? 1.2 : 0.6;
        $state->{killed}{$command} += $killed;
        lose($state, $lost_by_kill * $killed);
        $made += $killed;
    }
    # And once to its end, whatever that is.
    my ($status, undef, $err) = command($state, $command);
    problem($state, "$command among faults: status $status: $err") if $status > 4 && $status != 6;
    sandbox_faults($state->{sandbox});
    # A request that is handled late, even if its client is dead, belongs to this command.
    sleep 1.6 if grep { /^slow/ } faults_of($state, $command);
    add_counts($state);
}

# Until some links or documents were asked for, so that they are under way; or until the command has ended.
sub await_requests
{
    my ($state, $pid) = @_;
    my $operation = $state->{task} =~ s/s$//r;
    my $asked = (counts($state)->{by_operation}{$operation} || 0) + 1 + int rand 6;
    for (my $waited = 0; $waited < 1000; $waited++) {
        return if (counts($state)->{by_operation}{$operation} || 0) >= $asked;
        my (undef, undef, $state_of) = split ' ', eval { read_file("/proc/$pid/stat") } || '0 0 Z';
        return if $state_of eq 'Z';
        sleep 0.005;
    }
}

sub kill_provider
{
    my ($state, $command) = @_;
    sandbox_faults($state->{sandbox});    # so that none comes between the counters and the end
    add_counts($state);
    sandbox_kill($state->{sandbox});
    start_provider($state);
    sandbox_faults($state->{sandbox}, faults_of($state, $command));
    $state->{deaths}++;
    lose($state, $in_flight);
}

sub command
{
    my ($state, @command) = @_;
    $state->{runs}++;
    local $state->{case}{set} = settings($state, $command[0]) if $state->{provider} eq 'payso' && $command[0] eq 'run';
    return case_run($state->{case}, @command, '-q');
}

# The command to its end, without faults. Status 1 of run and documents: the export has a bad row; of a refresh: somebody was rejected.
sub complete
{
    my ($state, $command, @more) = @_;
    my ($status, $out, $err) = command($state, $command, @more);
    if ($command eq 'run' && $state->{provider} eq 'kraken-embed' && case_summary($state->{case})->{in_doubt}) {
        resolve_all($state);
        ($status, $out, $err) = command($state, 'run');
    }
    problem($state, "$command: status $status: $out$err") if $command eq 'refresh' ? $status > 1 : $status != ($command ne 'links');
    return if $command ne 'run';
    my $summary = case_summary($state->{case});
    problem($state, 'the run: ' . $json->encode($summary))
        if $summary->{valid} != @{$state->{customers}} || $summary->{rejected} != 1 || grep { $summary->{$_} } qw(skipped refused in_doubt unsent);
}

# A person looks up each create in doubt at the provider.
sub resolve_all
{
    my ($state) = @_;
    my %id = map { key_of($_) => $_->{id} } users($state);
    my @in_doubt = map { $_->[0] } case_ledger($state->{case}, "SELECT external_id FROM customer WHERE state <> 'created'");
    my $file = "$state->{case}{folder}/users.csv";
    write_file($file, join '', "external_id,user_id\n", map { "$_,$id{$_}\n" } grep { $id{$_} } @in_doubt);
    my ($status, undef, $err) = command($state, 'settle', '--from', $file);
    problem($state, "the users given: status $status: $err") if $status;
}

# The sandbox's name of a user's link, the first one is 0.
sub link_of
{
    my ($provider, $user, $number) = @_;
    my @digest = unpack 'C*', sha256("$provider link:$number:$user");
    $digest[6] = $digest[6] & 0x0f | 0x80;
    $digest[8] = $digest[8] & 0x3f | 0x80;
    my $hex = unpack 'H*', pack 'C*', @digest;
    return "https://verify.example/$provider/" . join '-', map { substr $hex, $_->[0], $_->[1] } [0, 8], [8, 4], [12, 4], [16, 4], [20, 12];
}

# Each need has its link, and the last link of each user is in the file.
sub check_links
{
    my ($state) = @_;
    my ($provider, $links, $need) = @$state{qw(provider links need)};
    my $path = case_report($state->{case}) . '/links.csv';
    my %in_file = map { $_ => 1 } -e $path ? read_file($path) =~ m{,(https://[^,]+),}g : ();
    my $more = 0;
    for my $user (users($state)) {
        my $id = $user->{id};
        # A user that is new needs one, in that mode of kira or rejected at once: from its create, or made since.
        my $needed = ($need->{$id} || !exists $links->{$id}) && $user->{state} =~ /^(?:needs_action|rejected)$/
            || !exists $links->{$id} && ($user->{body}{verification_mode} || '') eq 'verification_link' ? 1 : 0;
        my $made = $user->{links} - ($links->{$id} || 0);
        problem($state, "$user->{email} ($user->{state}): $made links where $needed are needed") if $made < $needed || ($made > $needed && (!$needed || $provider eq 'kira' && exists $links->{$id}));
        $more += $made - $needed;
        $state->{needs} += $needed;
        problem($state, "$user->{email}: the last link is not in the file") if $user->{links} && !$in_file{link_of($provider, $id, $user->{links} - 1)};
        $links->{$id} = $user->{links};
    }
    %$need = ();
    check_more($state, $more, 'links');
    my $counts = counts($state);
    $state->{sent} = "$counts->{links} links for $state->{needs} needs";
    problem($state, "mode of links.csv") if -e $path && ((stat $path)[2] & 07777) != 0600;
}

# Operations that were done twice: at most one for each answer that was lost since the last time.
sub check_more
{
    my ($state, $more, $what) = @_;
    my $lost = $state->{calm} ? 0 : $state->{lost_answers} || 0;
    problem($state, "$more $what were sent twice, $lost answers were lost") if $more > $lost;
    $state->{lost_answers} = 0;
}

# Each document is at the provider, as the sandbox's state file has it.
sub check_documents
{
    my ($state) = @_;
    my ($is, $wanted) = @$state{qw(documents wanted)};
    my %key = map { $_->{id} => key_of($_) } users($state);
    open my $file, '<:raw', "$state->{folder}/state" or die $!;
    seek $file, $state->{read_until} || 0, 0;
    my $more = 0;
    while (my $line = <$file>) {
        next if $line !~ /"document":/;
        my $standing = $json->decode($line);
        $more++ if $is->{$key{$standing->{standing}}}{$standing->{document}}++;
    }
    $state->{read_until} = tell $file;
    problem($state, map { my $key = $_; map { "$key: a document is " . ($wanted->{$key}{$_} ? 'missing' : 'not one of the job') }
            grep { !$wanted->{$key}{$_} != !$is->{$key}{$_} } sort keys %{{%{$wanted->{$key} || {}}, %{$is->{$key} || {}}}} }
        sort keys %{{%$wanted, %$is}});
    check_more($state, $more, 'documents');
    my $wanted_count = 0;
    $wanted_count += keys %$_ for values %$wanted;
    $state->{sent} = counts($state)->{documents} . " documents, $wanted_count wanted";
}

# Some customers follow the last link that was made for them.
sub visit_links
{
    my ($state) = @_;
    for my $user (some(0.7, grep { $_->{links} && $_->{state} =~ /^(?:needs_action|rejected)$/ } users($state))) {
        sandbox_control($state->{sandbox}, 'POST', '/_sandbox/visit', link_of($state->{provider}, $user->{id}, $user->{links} - 1));
    }
}

sub street_of
{
    my $body = $_[0]{body}{user} || $_[0]{body};
    return $body->{residence} ? $body->{residence}{line1} : defined $body->{address_street} ? $body->{address_street} : $body->{address_line1};
}

# Each row is one user with the latest data, and the ledger has each user and its state.
sub check_users
{
    my ($state) = @_;
    my ($case, $provider) = @$state{qw(case provider)};
    my %want = map { $_->{key} => $_ } @{$state->{customers}};
    my (%state_of, %id);
    for my $user (users($state)) {
        my $key = key_of($user);
        problem($state, "$key has two users") if $id{$key};
        ($id{$key}, $state_of{$user->{id}}) = ($user->{id}, $ledger_state{$user->{state}});
        my $customer = delete $want{$key};
        problem($state, "$key: the street is " . street_of($user)) if !$customer || street_of($user) ne $customer->{street};
        problem($state, "$key: documents " . kira_documents($user)) if $provider eq 'kira' && $customer && kira_documents($user) ne join ' ', wanted_documents($customer);
    }
    problem($state, map { "$_ is not a user" } sort keys %want);
    my @results = map { $json->decode($_) } split /\n/, (case_run($case, 'results', '--format', 'ndjson'))[1];
    my %owner = map { $_->{external_id} => $_->{user_id} } @results;
    problem($state, map { "$_: user " . ($owner{$_} // 'none') . ' in the ledger, ' . ($id{$_} // 'none') . ' at the provider' }
        grep { ($owner{$_} // '') ne ($id{$_} // '') } sort keys %{{%owner, %id}});
    problem($state, map { "$_->{external_id}: $_->{verification} in the ledger, " . ($state_of{$_->{user_id}} // 'nothing') . ' at the provider' }
        grep { $_->{user_id} && $_->{verification} ne ($state_of{$_->{user_id}} // '') } @results);
    $state->{made} = keys %id;
    $state->{duplicates} = counts($state)->{duplicates};
    $state->{lost} = grep { !$owner{$_->{key}} } @{$state->{customers}};
}

sub kira_documents
{
    my ($user) = @_;
    return join ' ', map { "$_->{type} " . join '', map { $_->{file} } @{$_->{documents}} } @{$user->{body}{identifying_information} || []};
}

sub wanted_documents
{
    my ($customer) = @_;
    my %type = (front => 'passport', bill => 'utility_bill');
    return map { "$type{$_} data:image/png;base64," . encode_base64($customer->{"${_}_content"}, '') } grep { $customer->{$_} } qw(front bill);
}

# Once more: nothing changes at the provider, and the ledger is whole.
sub check_rest
{
    my ($state) = @_;
    add_counts($state);
    for my $command ('run', $state->{task}) {
        my ($status, undef, $err) = command($state, $command);
        problem($state, "$command once more: status $status: $err") if $status != ($command ne 'links');
    }
    my $counts = add_counts($state);
    my %sent = %{$counts->{by_operation}};
    problem($state, map { "once more: $sent{$_} requests to $_" } grep { $sent{$_} } qw(create update link document));
    problem($state, "$counts->{complaints} requests were the client's mistake") if $counts->{complaints};
    my ($status, $out, $err) = case_run($state->{case}, 'status', '--verify');
    problem($state, "status --verify: status $status: $out$err") if $status;
}

# Half a day passes: users are decided. Who must act now or was rejected needs a link.
sub pass_time
{
    my ($state, %set) = @_;
    my %before = map { $_->{id} => $_->{state} } users($state);
    sandbox_control($state->{sandbox}, 'POST', '/_sandbox/later', '12h');
    set_state($state, $_, $set{$_}) for sort keys %set;
    for my $user (users($state)) {
        $state->{need}{$user->{id}} = 1 if $user->{state} ne $before{$user->{id}} && $user->{state} =~ /^(?:needs_action|rejected)$/;
    }
}

# Noon. On some days the provider has deleted a user; nothing of them changes any more.
sub noon
{
    my ($state) = @_;
    my %set;
    if ($state->{day} % 4 == 1) {
        my %id = map { key_of($_) => $_->{id} } grep { $_->{state} eq 'unverified' } users($state);
        my @quiet = grep { $id{$_->{key}} && !$_->{front} && !$_->{bill} && !($state->{provider} eq 'kira' && $_->{mode}) } @{$state->{customers}};
        my $deleted = $quiet[rand @quiet];
        $deleted->{deleted} = 1;
        $set{$id{$deleted->{key}}} = 'deleted';
    }
    pass_time($state, %set);
}

# A night, after which a few verified users must act again. On the first day somebody is rejected.
sub night
{
    my ($state) = @_;
    my %users = map { $_->{id} => $_->{state} } users($state);
    my @verified = grep { $users{$_} eq 'verified' } sort keys %users;
    my %set = map { $_ => 'needs_action' } @verified ? ($verified[rand @verified], some(0.005, @verified)) : ();
    $set{(grep { $users{$_} eq 'unverified' } sort keys %users)[0]} = 'rejected' if $state->{day} == 1;
    pass_time($state, %set);
}

sub set_state
{
    my ($state, $id, $word) = @_;
    $id =~ s/ /%20/g;
    sandbox_control($state->{sandbox}, 'POST', "/_sandbox/verification?api=$state->{provider}&user=$id&state=$word", '');
}
