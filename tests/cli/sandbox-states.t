#!/usr/bin/perl
# kyc-sandbox: the verification states of users in each provider's words, how they move, and links.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use KycTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $no_action = {action_type => 'wait', wait_reason_code => 'verification_in_progress'};
my $action = {action_type => 'verification', verification_type => 'identity', reasons => ['document_unreadable'],
    deadline => undef};

sub state_of { my ($sb, $provider, $row) = @_; return (sandbox_users($sb, $provider))[$row || 0]{state}; }
sub escaped { my ($id) = @_; $id =~ s/ /%20/g; return $id; }

sub set_state
{
    my ($sb, $provider, $id, $state) = @_;
    return sandbox_control($sb, 'POST', "/_sandbox/verification?api=$provider&user=" . escaped($id) . "&state=$state", '');
}

# What each provider answers about a user, by the state that the sandbox was told: {word, reason, ...}.
my %create = (
    payward => sub { signed_request($_[0], 'POST', '/payward/v1/users', payward_body('c-1'))->{json}{data}{id} },
    'kraken-embed' => sub { signed_request($_[0], 'POST', '/kraken-embed/b2b/users', kraken_body('c-1'))->{json}{result}{user} },
    kira => sub { kira_request($_[0], 'POST', '/v1/users', kira_body('c-1'))->{json}{id} },
    payso => sub { payso_request($_[0], 'POST', '/users', payso_body('c-1'))->{json}{user}{id} },
);
my %read = (
    payward => sub { signed_request($_[0], 'GET', "/payward/v1/users/$_[1]")->{json}{data}{status} },
    'kraken-embed' => sub { signed_request($_[0], 'GET', '/kraken-embed/b2b/users/' . escaped($_[1]))->{json}{result}{status} },
    kira => sub { kira_request($_[0], 'GET', "/v1/users/$_[1]")->{json}{verification_status} },
    payso => sub { my $kyc = payso_request($_[0], 'GET', "/users/$_[1]")->{json}{user}{kyc}; $kyc && $kyc->{general} },
);
my $comment = 'the document of c-1@example.com cannot be read';
my %signed = (
    unverified => {state => 'ok', required_actions => [$no_action]},
    started => {state => 'ok', required_actions => [$no_action]},
    in_review => {state => 'ok', required_actions => [$no_action]},
    needs_action => {state => 'ok', required_actions => [$action]},
    verified => {state => 'ok', required_actions => []},
    rejected => {state => 'closed', required_actions => []},
);
my %words = (
    payward => \%signed,
    'kraken-embed' => \%signed,
    kira => {map { $_ => $_ } keys %signed},
    payso => {
        unverified => {status => 'not_started', moderation_comment => undef},
        started => {status => 'initiated', moderation_comment => undef},
        in_review => {status => 'awaiting_manual_review', moderation_comment => undef},
        needs_action => {status => 'retry_required', moderation_comment => $comment},
        verified => {status => 'approved', moderation_comment => undef},
        rejected => {status => 'failed', moderation_comment => $comment},
    },
);

for my $provider (sort keys %create) {
    subtest "$provider: the words of each state" => sub {
        my $folder = scratch_folder();
        my $sb = sandbox_start('--state', "$folder/state");
        my $id = $create{$provider}->($sb);
        is_deeply $read{$provider}->($sb, $id), $words{$provider}{unverified}, 'a new user is unverified';
        for my $state (sort keys %signed) {
            set_state($sb, $provider, $id, $state);
            is_deeply $read{$provider}->($sb, $id), $words{$provider}{$state}, $state;
            is_deeply sandbox_counts($sb)->{$provider}{states}, {$state => 1}, 'and counted';
        }
        sandbox_kill($sb);
        $sb = sandbox_start('--state', "$folder/state");
        my $last = (sort keys %signed)[-1];
        is_deeply $read{$provider}->($sb, $id), $words{$provider}{$last}, 'states outlive kill -9';
        ok !eval { set_state($sb, $provider, $id, 'approved') }, 'another word is refused';
        ok !eval { set_state($sb, $provider, 'nobody', 'verified') }, 'and another user';
        set_state($sb, $provider, $id, 'deleted');
        is $read{$provider}->($sb, $id), undef, 'a deleted user is not found';
        is_deeply sandbox_counts($sb)->{$provider}{states}, {deleted => 1}, 'and counted as such';
        sandbox_kill($sb);
        $sb = sandbox_start('--state', "$folder/state");
        is state_of($sb, $provider), 'deleted', 'after a restart, too';
        sandbox_stop($sb);
    };
}

subtest 'states that move by themselves' => sub {
    my $folder = scratch_folder();
    my @options = ('--state', "$folder/state", '--verify-after', '1s..2s', '--reject-share', '20%', '--action-share', '30%');
    my $sb = sandbox_start(@options);
    my $number = 60;
    my $began = time;
    payso_request($sb, 'POST', '/users', payso_body("c-$_")) for 1 .. $number;
    my $states = sandbox_counts($sb)->{payso}{states};
    is $states->{unverified}, $number, 'a user is not decided at once' if time - $began < 1;
    sandbox_kill($sb);
    $sb = sandbox_start(@options);
    sleep 2.1;
    $states = sandbox_counts($sb)->{payso}{states};
    is $states->{unverified}, undef, 'all are decided in time, over a restart';
    ok $states->{$_} > 0, "some are $_: $states->{$_}" for qw(verified rejected needs_action);
    ok $states->{rejected} < $number / 2 && $states->{needs_action} < $number * 0.6, 'about by the shares';
    my @before = map { $_->{state} } sandbox_users($sb, 'payso');
    sandbox_stop($sb);

    $sb = sandbox_start('--verify-after', '0s', '--reject-share', '0.2', '--action-share', '0.3');
    payso_request($sb, 'POST', '/users', payso_body("c-$_")) for 1 .. $number;
    is_deeply [map { $_->{state} } sandbox_users($sb, 'payso')], [('unverified') x $number], '0s: nobody is decided';
    sandbox_stop($sb);
    $sb = sandbox_start('--verify-after', '1ms', '--reject-share', '0.2', '--action-share', '0.3');
    payso_request($sb, 'POST', '/users', payso_body("c-$_")) for 1 .. $number;
    sleep 0.1;
    is_deeply [map { $_->{state} } sandbox_users($sb, 'payso')], \@before, 'the same seed decides the same of each user';
    sandbox_stop($sb);
};

subtest 'what needs action moves on when something is done' => sub {
    my $sb = sandbox_start('--verify-after', '10h..20h', '--action-share', '100%');
    my $later = sub { sandbox_control($sb, 'POST', '/_sandbox/later', '24h') };
    my $id = $create{payso}->($sb);
    $later->();
    is state_of($sb, 'payso'), 'needs_action', 'a user needs action';
    my $answer = payso_request($sb, 'POST', "/users/$id/kycs", {});
    is $answer->{status}, 200, 'a link is made';
    is $answer->{json}{kyc}{user_id}, $id, 'for that user';
    like $answer->{json}{kyc}{url}, qr{^https://verify\.example/payso/$uuid$}, 'with its URL';
    is state_of($sb, 'payso'), 'needs_action', 'which alone changes nothing';
    sandbox_control($sb, 'POST', '/_sandbox/visit', $answer->{json}{kyc}{url});
    is $read{payso}->($sb, $id)->{status}, 'awaiting_manual_review', 'a visit does: the user is in review';
    $later->();
    is state_of($sb, 'payso'), 'verified', 'and decided again, for good';
    ok !eval { sandbox_control($sb, 'POST', '/_sandbox/visit', 'https://verify.example/payso/x') }, 'a wrong link is refused';
    sandbox_stop($sb);
};

subtest 'time that passes' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state", '--verify-after', '10h..20h');
    $create{payso}->($sb);
    my $later = sub { sandbox_control($sb, 'POST', '/_sandbox/later', $_[0]) };
    $later->('9h');
    is state_of($sb, 'payso'), 'unverified', 'before its time a user is not decided';
    sandbox_kill($sb);
    $sb = sandbox_start('--state', "$folder/state");
    $later->('11h');
    is state_of($sb, 'payso'), 'verified', 'after it the user is, over a restart';
    sandbox_stop($sb);
    $sb = sandbox_start('--state', "$folder/state", '--verify-after', '10h..20h');
    my $deleted = payso_request($sb, 'POST', '/users', payso_body('deleted'))->{json}{user}{id};
    set_state($sb, 'payso', $deleted, 'deleted');
    $later->('24h');
    sandbox_stop($sb);
    $sb = sandbox_start('--state', "$folder/state");
    is sandbox_counts($sb)->{payso}{states}{deleted}, 1, 'a deleted user is not decided any more, over a restart';
    ok !eval { $later->($_) }, "`$_` is no time" for 'x', '', '12', '25h';
    sandbox_stop($sb);
};

subtest 'documents that are sent with an update' => sub {
    my $sb = sandbox_start();
    my $id = $create{kira}->($sb);
    my $put = sub { kira_request($sb, 'PUT', "/v1/users/$id", @_)->{json} };
    set_state($sb, 'kira', $id, 'needs_action');
    ok !$put->({phone => '+525555550111'})->{requires_reverification}, 'another change is no document';
    is state_of($sb, 'kira'), 'needs_action', 'and the user needs action still';
    my %documents = (identifying_information => [{type => 'passport', number => 'G1', issuing_country => 'MEX'}]);
    my $answer = $put->(\%documents);
    ok $answer->{requires_reverification}, 'a document begins another verification';
    is "$answer->{verification_status} " . state_of($sb, 'kira'), 'in_review in_review', 'the user is in review';
    set_state($sb, 'kira', $id, 'needs_action');
    $put->(\%documents);
    is state_of($sb, 'kira'), 'needs_action', 'the same again changes nothing';
    sandbox_stop($sb);
};

subtest 'links of payso' => sub {
    my $sb = sandbox_start();
    my $id = $create{payso}->($sb);
    my $make = sub { payso_request($sb, 'POST', "/users/$id/kycs", @_) };
    my @links = map { $make->()->{json}{kyc}{url} } 1 .. 2;
    isnt $links[0], $links[1], 'each request makes a new link';
    my $counts = sandbox_counts($sb)->{payso};
    is_deeply [@$counts{qw(links duplicate_links)}], [2, 1], 'the second of one need is a duplicate';
    set_state($sb, 'payso', $id, 'rejected');
    $make->();
    is sandbox_counts($sb)->{payso}{duplicate_links}, 1, 'one after a change of the state is none';
    is $make->({user_id => $id})->{status}, 400, 'the request has no members';
    is $make->('[]')->{status}, 400, 'and its body is an object';
    is payso_request($sb, 'POST', '/users/x/kycs')->{status}, 404, 'an unknown user is 404';
    is payso_request($sb, 'GET', "/users/$id/kycs")->{status}, 404, 'links cannot be read';
    is payso_request($sb, 'POST', "/users/$id/kycs/x")->{status}, 404, 'nor more below them';
    set_state($sb, 'payso', $id, 'verified');
    is $make->()->{status}, 422, 'a verified user needs no link';
    is sandbox_counts($sb)->{payso}{links}, 3, 'and none was made';
    sandbox_stop($sb);

    $sb = sandbox_start('--link-life', '1s');
    $id = $create{payso}->($sb);
    $make->();
    sleep 1.1;
    $make->();
    is sandbox_counts($sb)->{payso}{duplicate_links}, 0, 'one after the end of the first is no duplicate';
    sandbox_stop($sb);
};

subtest 'the link of a create at kira' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state");
    my %mode = (verification_mode => 'verification_link');
    my $create = sub { my ($name, $key, %more) = @_; kira_request($sb, 'POST', '/v1/users', kira_body($name, %more), key => $key) };
    my $answer = $create->('c-1', 'k-1', %mode, redirect_uri => 'https://example.com/done');
    like $answer->{json}{verification_link}, qr{^https://verify\.example/kira/$uuid$}, 'link mode: the answer has a link';
    is $answer->{json}{verification_link_error}, undef, 'and no error';
    ok !$answer->{json}{verification_triggered}, 'nothing was begun';
    is $create->('c-1', 'k-1', %mode, redirect_uri => 'https://example.com/done')->{content}, $answer->{content},
        'a replay is the same, byte for byte';
    is sandbox_counts($sb)->{kira}{links}, 1, 'and makes no other link';
    my $plain = $create->('c-2', 'k-2');
    is $plain->{json}{verification_link}, undef, 'automatic mode: no link';
    ok $plain->{json}{verification_triggered}, 'the verification was begun';

    sandbox_faults($sb, 'link-error:x1');
    my $failed = $create->('c-3', 'k-3', %mode);
    is $failed->{status}, 201, 'link-error: the user is created';
    is $failed->{json}{verification_link}, undef, 'without a link';
    is $failed->{json}{verification_link_error}, 'the link could not be made', 'and the answer says so';
    sandbox_faults($sb, 'not-triggered:x1');
    ok !$create->('c-4', 'k-4')->{json}{verification_triggered}, 'not-triggered: nothing was begun';
    sandbox_faults($sb, 'rejected:x1');
    my $rejected = $create->('c-5', 'k-5');
    is "$rejected->{status} $rejected->{json}{status} $rejected->{json}{verification_status}", '201 REJECTED rejected',
        'rejected: the user is rejected at once';
    sandbox_kill($sb);
    $sb = sandbox_start('--state', "$folder/state");
    is $create->('c-3', 'k-3', %mode)->{content}, $failed->{content}, 'a replay after kill -9: the same failure';
    is $create->('c-5', 'k-5')->{content}, $rejected->{content}, 'the same rejection';
    is_deeply [map { $_->{state} } sandbox_users($sb, 'kira')], [('unverified') x 4, 'rejected'], 'states stay';
    sandbox_control($sb, 'POST', '/_sandbox/visit', $answer->{json}{verification_link});
    is state_of($sb, 'kira'), 'in_review', 'the link can be visited still';
    for my $bad ('javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'example.com', 'https://') {
        is $create->('bad', 'k-9', redirect_uri => $bad)->{status}, 422, "redirect_uri $bad is refused";
    }
    is $create->('c-6', 'k-6', redirect_uri => 'myapp://done')->{status}, 201, 'any other scheme is fine';
    sandbox_stop($sb);
};

subtest 'rejected at once at the others' => sub {
    my $sb = sandbox_start('--fault', 'rejected:100%@create');
    for my $provider (sort keys %create) {
        my $id = $create{$provider}->($sb);
        is_deeply $read{$provider}->($sb, $id), $words{$provider}{rejected}, $provider;
    }
    sandbox_stop($sb);
};

subtest 'states in the listing of kira' => sub {
    my $sb = sandbox_start();
    my @ids = map { kira_request($sb, 'POST', '/v1/users', kira_body("c-$_"))->{json}{id} } 1 .. 4;
    set_state($sb, 'kira', $ids[0], 'verified');
    set_state($sb, 'kira', $ids[1], 'rejected');
    set_state($sb, 'kira', $ids[3], 'deleted');
    my $list = sub { kira_request($sb, 'GET', "/v1/users?limit=100$_[0]")->{json} };
    is_deeply [map { "$_->{status} $_->{verification_status}" } @{$list->('')->{data}}],
        ['active verified', 'REJECTED rejected', 'active unverified'], 'each row has its state, without the deleted one';
    is_deeply [map { $_->{id} } @{$list->('&verification_status=rejected')->{data}}], [$ids[1]], 'the filter finds one';
    is $list->('&verification_status=rejected')->{total}, 1, 'and counts it';
    is kira_request($sb, 'GET', '/v1/users?verification_status=approved')->{status}, 400, 'another word is refused';
    my $missing = kira_request($sb, 'GET', "/v1/users/$ids[2]")->{json}{missing_fields};
    is_deeply $missing, ['identifying_information'], 'missing_fields by id';
    is $list->('')->{data}[2]{missing_fields}, undef, 'and in no listing';
    is kira_request($sb, 'GET', "/v1/users/$ids[0]")->{json}{missing_fields}, undef, 'nor of a verified user';
    sandbox_stop($sb);
    $sb = sandbox_start('--kira-list-states', 'no');
    $create{kira}->($sb);
    delete $sb->{kira_token};
    is $list->('')->{data}[0]{verification_status}, undef, 'a listing can be without states';
    sandbox_stop($sb);
};

subtest 'options' => sub {
    for my $bad (['--verify-after', '10s..2s'], ['--verify-after', 'x'], ['--reject-share', '101%'], ['--reject-share', 'x'],
        ['--action-share', '-1'], ['--link-life', 'x'], ['--kira-list-states', 'x']) {
        my ($status, $out, $err) = run_program(program('kyc-sandbox'), @$bad);
        is $status, 2, "@$bad is refused";
        like $err, qr/hint: /, 'with a hint';
    }
    my ($status, $out, $err) = run_program(program('kyc-sandbox'), '--reject-share', '60%', '--action-share', '50%');
    is $status, 2, 'shares above all are refused';
    like $err, qr/more than 100%/, 'and why';
};

done_testing;
